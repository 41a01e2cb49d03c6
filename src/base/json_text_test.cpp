#include "base/json_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace rr {
namespace {

TEST(JsonText, PlacesCommasByItself) {
  JsonText json;
  json.open_object()
      .key("a")
      .number(1)
      .key("b")
      .open_array()
      .number(2)
      .string("x")
      .null()
      .close_array();
  json.key("c").open_object().close_object().key("d").boolean(true).close_object();
  EXPECT_EQ(json.text(), R"({"a":1,"b":[2,"x",null],"c":{},"d":true})");
}

TEST(JsonText, FloatsHaveAPointOrAnExponent) {
  EXPECT_EQ(json_number(1.0F), "1.0");
  EXPECT_EQ(json_number(-4.2F), "-4.2");
  EXPECT_EQ(json_number(0.0F), "0.0");
  EXPECT_EQ(json_number(1e30F), "1e+30");
}

TEST(JsonText, FloatsReadBackToTheSameBits) {
  for (const float value : {0.1F,
                            1.0F / 3.0F,
                            std::numeric_limits<float>::min(),
                            std::numeric_limits<float>::denorm_min(),
                            16777217.0F,
                            -1e-7F}) {
    EXPECT_EQ(std::strtof(json_number(value).c_str(), nullptr), value);
  }
}

TEST(JsonTextDeathTest, NonFiniteNumbersAreABug) {
  EXPECT_DEATH((void)json_number(std::numeric_limits<float>::quiet_NaN()), "isfinite");
}

TEST(JsonText, EscapesControlCharactersAndRepairsUtf8) {
  EXPECT_EQ(json_quoted("a\"\\\n\x01"), R"("a\"\\\n\u0001")");
  EXPECT_EQ(json_quoted("\xC3\xA9"), "\"\xC3\xA9\"");
  EXPECT_EQ(json_quoted("\xFFx"), "\"\xEF\xBF\xBDx\"");
  EXPECT_EQ(json_quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonText, EveryByteIsQuotedAlikeWhereverItStands) {
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    const std::string alone = json_quoted(byte);
    const std::string quoted = alone.substr(1, alone.size() - 2);
    for (std::size_t before = 0; before < 17; ++before) {
      const std::string left(before, 'a');
      const std::string right(20 - before, 'z');
      EXPECT_EQ(json_quoted(left + byte + right), '"' + left + quoted + right + '"') << value;
    }
  }
}

TEST(JsonText, AnEmptyStringStillGetsItsComma) {
  JsonText json;
  json.open_array().string("").string("").close_array();
  EXPECT_EQ(json.text(), R"(["",""])");
}

}  // namespace
}  // namespace rr
