#include "checkpoint/quantization.h"

#include <gtest/gtest.h>

namespace rr::checkpoint {
namespace {

TEST(Quantization, TheEntryIsReadAndWhatIsForPeopleIsNot) {
  const auto entry = parse_quantization(
      R"({"version":1,"dtype":"int8","kept_bf16":["a.b"],"biases_folded":true,"calibration":{}})");
  ASSERT_TRUE(entry.ok()) << entry.status().message();
  EXPECT_EQ(entry->dtype, "int8");
  EXPECT_EQ(entry->kept_bf16, std::vector<std::string>{"a.b"});
  EXPECT_TRUE(entry->biases_folded);
}

TEST(Quantization, AnEntryThatCannotBeUsedIsRefused) {
  const struct {
    const char* json;
    Code code;
  } rows[] = {
      {"7", Code::kCorrupt},
      {R"({"dtype":"int8"})", Code::kCorrupt},
      {R"({"version":2,"dtype":"int8"})", Code::kUnsupported},
      {R"({"version":1,"dtype":"int4"})", Code::kCorrupt},
      {R"({"version":1,"dtype":"int8","kept_bf16":"a"})", Code::kCorrupt},
      {R"({"version":1,"dtype":"int8","kept_bf16":[1]})", Code::kCorrupt},
      {R"({"version":1,"dtype":"int8","biases_folded":"yes"})", Code::kCorrupt},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(parse_quantization(row.json).status().code(), row.code) << row.json;
  }
}

}  // namespace
}  // namespace rr::checkpoint
