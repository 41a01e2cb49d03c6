#include "text/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace rr::text {
namespace {

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(RR_SOURCE_DIR) + "/fuzz/corpus/tokenizer_json_fuzz/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(TokenizerJson, ReadsVocabularyNormalizerAddedTokensAndTemplate) {
  const auto parts = parse_tokenizer_json(fixture("template.json"));
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  EXPECT_EQ(parts->vocabulary.entries.size(), 9U);
  EXPECT_EQ(parts->vocabulary.unk_token, "[UNK]");
  EXPECT_EQ(parts->max_input_chars_per_word, 100);
  EXPECT_TRUE(parts->normalizer.strip_accents) << "null follows lowercase";
  EXPECT_EQ(parts->added_tokens.size(), 4U);
  EXPECT_TRUE(parts->added_tokens[3].normalized);
  EXPECT_EQ(parts->pair.special_tokens(), 3U);
  EXPECT_EQ(parts->single.special_tokens(), 2U);
}

TEST(TokenizerJson, BertProcessingIsTheSameTemplate) {
  const auto parts = parse_tokenizer_json(fixture("bert_processing.json"));
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  std::vector<TokenId> ids;
  std::vector<TokenId> types;
  const std::vector<TokenId> query = {5};
  const std::vector<TokenId> document = {6};
  parts->pair.apply(query, document, ids, types);
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 5, 2, 6, 2}));
  EXPECT_FALSE(parts->normalizer.lowercase) << "normalizer null does nothing";
}

TEST(TokenizerJson, TruncationAndPaddingAreIgnored) {
  const std::string text =
      replaced(fixture("template.json"),
               R"("truncation": null)",
               R"("truncation": {"max_length": 4, "strategy": "LongestFirst"})");
  EXPECT_TRUE(parse_tokenizer_json(text).ok());
}

struct Damage {
  const char* from;
  const char* to;
  Code code;
  const char* message;
};

TEST(TokenizerJson, EveryDamageIsNamed) {
  const Damage damages[] = {
      {R"("type": "WordPiece")", R"("type": "BPE")", Code::kUnsupported, "model.type is \"BPE\""},
      {R"("type": "BertNormalizer")",
       R"("type": "Sequence")",
       Code::kUnsupported,
       "normalizer.type"},
      {R"("type": "BertPreTokenizer")",
       R"("type": "Whitespace")",
       Code::kUnsupported,
       "pre_tokenizer.type"},
      {R"("type": "TemplateProcessing")",
       R"("type": "ByteLevel")",
       Code::kUnsupported,
       "post_processor.type"},
      {R"("unk_token": "[UNK]")", R"("unk_token": 3)", Code::kCorrupt, "model.unk_token"},
      {R"("vocab": {)", R"("vocab": [], "x": {)", Code::kCorrupt, "model.vocab: must be an object"},
      {R"("hello": 3)", R"("hello": -3)", Code::kCorrupt, "model.vocab entry 3"},
      {R"("hello": 3)", R"("hello": 4294967296)", Code::kCorrupt, "model.vocab entry 3"},
      {R"("max_input_chars_per_word": 100)",
       R"("max_input_chars_per_word": 1e9)",
       Code::kCorrupt,
       "model.max_input_chars_per_word"},
      {R"("ids": [1])", R"("ids": ["x"])", Code::kCorrupt, "special_tokens"},
      {R"("[CLS]": {"id")", R"("[CLX]": {"id")", Code::kCorrupt, "special_tokens.[CLS]"},
      {R"("type_id": 1)", R"("type_id": 7)", Code::kCorrupt, "type_id"},
      {R"("id": "B")", R"("id": "A")", Code::kUnsupported, "post_processor.pair"},
      {R"("lowercase": true)", R"("lowercase": "yes")", Code::kCorrupt, "normalizer.lowercase"},
      {R"("content": "[SEP]")", R"("content": null)", Code::kCorrupt, "added_tokens[2].content"},
      {R"({"version")", R"([{"version")", Code::kCorrupt, "is no JSON"},
  };
  for (const Damage& damage : damages) {
    const auto parts =
        parse_tokenizer_json(replaced(fixture("template.json"), damage.from, damage.to));
    ASSERT_FALSE(parts.ok()) << damage.to;
    EXPECT_EQ(parts.status().code(), damage.code) << damage.to << ": " << parts.status().message();
    EXPECT_THAT(parts.status().message(), testing::HasSubstr(damage.message)) << damage.to;
  }
}

TEST(TokenizerJson, EveryTruncationOfTheFileIsAnError) {
  const std::string text = fixture("template.json");
  for (std::size_t size = 0; size < text.size(); size += 7) {
    EXPECT_FALSE(parse_tokenizer_json(text.substr(0, size)).ok()) << size;
  }
}

TEST(TokenizerJson, DeepNestingIsAnError) {
  EXPECT_FALSE(parse_tokenizer_json(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace rr::text
