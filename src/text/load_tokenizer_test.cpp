#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "text/tokenizer.h"

namespace rr::text {
namespace {

const std::filesystem::path kFixtures =
    std::filesystem::path(RR_SOURCE_DIR) / "fuzz/corpus/tokenizer_json_fuzz";

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(LoadTokenizer, ReadsTokenizerJsonAndTheLengthLimit) {
  const TempDir dir;
  std::filesystem::copy(kFixtures / "template.json", dir.path() / "tokenizer.json");
  write(dir.path() / "tokenizer_config.json", R"({"model_max_length": 256, "max_length": 4})");
  const auto tokenizer = load_tokenizer(dir.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->model_max_length(), 256);
  EXPECT_EQ((*tokenizer)->pair_special_tokens(), 3);
}

TEST(LoadTokenizer, VocabTxtAloneIsEnough) {
  const TempDir dir;
  write(dir.path() / "vocab.txt", "[UNK]\n[CLS]\n[SEP]\nhello\n");
  const auto tokenizer = load_tokenizer(dir.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EncodedPair out;
  (*tokenizer)->encode_text("HELLO", out);
  EXPECT_EQ(out.input_ids, (std::vector<TokenId>{1, 3, 2}));
}

TEST(LoadTokenizer, SpecialTokensMapFillsInWhatTheConfigLeavesOpen) {
  const TempDir dir;
  write(dir.path() / "vocab.txt", "[UNK]\n<s>\n</s>\nhello\n");
  write(dir.path() / "special_tokens_map.json", R"({"cls_token": "<s>", "sep_token": "</s>"})");
  const auto tokenizer = load_tokenizer(dir.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EncodedPair out;
  (*tokenizer)->encode_text("hello</s>", out);
  EXPECT_EQ(out.input_ids, (std::vector<TokenId>{1, 3, 2, 2}));
}

TEST(LoadTokenizer, AnEmptyFolderIsNotFound) {
  const TempDir dir;
  EXPECT_EQ(load_tokenizer(dir.path()).status().code(), Code::kNotFound);
}

TEST(LoadTokenizer, MessagesNameTheFile) {
  const TempDir dir;
  write(dir.path() / "tokenizer.json", "{\"model\": {\"type\": \"BPE\"}}");
  const Status status = load_tokenizer(dir.path()).status();
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_THAT(status.message(), testing::HasSubstr("tokenizer.json: model.type is \"BPE\""));
}

TEST(LoadTokenizer, AFolderInPlaceOfAFileIsAnError) {
  const TempDir dir;
  std::filesystem::create_directory(dir.path() / "tokenizer.json");
  EXPECT_FALSE(load_tokenizer(dir.path()).ok());
}

}  // namespace
}  // namespace rr::text
