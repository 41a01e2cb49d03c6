#include "base/utf8.h"

#include <gtest/gtest.h>

namespace rr {
namespace {

TEST(Utf8, EveryScalarValueGoesThereAndBack) {
  std::string text;
  for (char32_t scalar = 0; scalar <= 0x10FFFF; ++scalar) {
    if (scalar >= 0xD800 && scalar <= 0xDFFF) {
      continue;
    }
    text.clear();
    utf8_append(text, scalar);
    ASSERT_EQ(utf8_sequence_length(text), text.size());
    ASSERT_EQ(utf8_decode(text), scalar);
  }
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  for (const std::string_view bad : {"\x80",
                                     "\xC0\x80",
                                     "\xC1\xBF",
                                     "\xE0\x80\x80",
                                     "\xED\xA0\x80",
                                     "\xF0\x80\x80\x80",
                                     "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80",
                                     "\xC3",
                                     "\xE2\x82",
                                     "\xFF"}) {
    EXPECT_EQ(utf8_sequence_length(bad), 0U);
    EXPECT_EQ(utf8_find_invalid(bad), 0U);
  }
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(utf8_find_invalid("ab\xC3\xA9\xFFz"), 4U);
  EXPECT_EQ(utf8_find_invalid("ab\xC3\xA9"), std::string_view::npos);
  EXPECT_EQ(utf8_find_invalid(""), std::string_view::npos);
}

}  // namespace
}  // namespace rr
