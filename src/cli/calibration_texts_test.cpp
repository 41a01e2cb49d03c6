#include "cli/calibration_texts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "text/fake_tokenizer.h"

namespace rr::cli {
namespace {

std::string file_with(const std::string& name, const std::string& content) {
  const auto path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

TEST(CalibrationTexts, LinesOfOneQueryFormAList) {
  const text::FakeTokenizer tokenizer;
  const std::string file = file_with("calibration.jsonl",
                                     "{\"query\":\"a\",\"document\":\"x y\"}\n\n"
                                     "{\"query\":\"a\",\"document\":\"z\"}\n"
                                     "{\"query\":\"b\",\"document\":\"x\"}\n");
  const auto lists = read_calibration_texts(file, tokenizer, {64, 100});
  ASSERT_TRUE(lists.ok()) << lists.status().message();
  ASSERT_EQ(lists->size(), 2U);
  EXPECT_EQ((*lists)[0].size(), 2U);
  EXPECT_EQ((*lists)[1].size(), 1U);
  EXPECT_EQ(static_cast<std::size_t>((*lists)[0].cu_seqlens.back()), (*lists)[0].input_ids.size());
}

TEST(CalibrationTexts, NoMorePairsAreReadThanAskedFor) {
  const text::FakeTokenizer tokenizer;
  const std::string file = file_with("calibration.jsonl",
                                     "{\"query\":\"a\",\"document\":\"x\"}\n"
                                     "{\"query\":\"a\",\"document\":\"z\"}\n");
  EXPECT_EQ(read_calibration_texts(file, tokenizer, {64, 1})->front().size(), 1U);
}

TEST(CalibrationTexts, NoPairOrABrokenLineIsAnError) {
  const text::FakeTokenizer tokenizer;
  EXPECT_EQ(
      read_calibration_texts(file_with("empty.jsonl", "\n"), tokenizer, {64, 9}).status().code(),
      Code::kInvalidArgument);
  EXPECT_NE(read_calibration_texts(file_with("bad.jsonl", "{\"query\":1}\n"), tokenizer, {64, 9})
                .status()
                .message()
                .find("bad.jsonl:1"),
            std::string::npos);
  EXPECT_FALSE(read_calibration_texts("/no/such/file", tokenizer, {64, 9}).ok());
}

}  // namespace
}  // namespace rr::cli
