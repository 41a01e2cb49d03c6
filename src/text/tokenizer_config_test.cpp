#include "text/tokenizer_config.h"

#include <gtest/gtest.h>

namespace rr::text {
namespace {

int length_of(const std::string& value) {
  const auto config = parse_tokenizer_config("{\"model_max_length\": " + value + " }");
  EXPECT_TRUE(config.ok()) << value << ": " << config.status().message();
  return config.ok() ? config->model_max_length : -1;
}

TEST(TokenizerConfig, GiantLengthsStandForNone) {
  EXPECT_EQ(length_of("512"), 512);
  EXPECT_EQ(length_of("512.0"), 512);
  EXPECT_EQ(length_of("null"), INT_MAX);
  EXPECT_EQ(length_of("1000000000000000019884624838656"), INT_MAX);
  EXPECT_EQ(length_of("1e30"), INT_MAX);
  EXPECT_EQ(length_of("1e999"), INT_MAX);
  EXPECT_EQ(length_of("4294967296"), INT_MAX);
}

TEST(TokenizerConfig, MaxLengthIsNotTheLimit) {
  const auto config = parse_tokenizer_config(R"({"max_length": 7, "truncation": {"a": [1]}})");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->model_max_length, INT_MAX);
}

TEST(TokenizerConfig, ReadsFlagsAndTokensInBothForms) {
  const auto config = parse_tokenizer_config(
      R"({"do_lower_case": false, "strip_accents": null, "unk_token": "<unk>",
          "sep_token": {"content": "</s>", "single_word": true, "normalized": false},
          "added_tokens_decoder": {"9": {"content": "b"},
                                   "4": {"content": "a", "special": true}}})");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->do_lower_case, false);
  EXPECT_FALSE(config->strip_accents.has_value());
  EXPECT_EQ(config->unk_token->content, "<unk>");
  EXPECT_FALSE(config->unk_token->normalized);
  EXPECT_TRUE(config->sep_token->single_word);
  ASSERT_EQ(config->added_tokens_decoder->size(), 2U);
  EXPECT_EQ((*config->added_tokens_decoder)[0].content, "a") << "in the order of ids";
}

TEST(TokenizerConfig, WrongTypesAreNamed) {
  for (const char* text : {R"({"model_max_length": "512"})",
                           R"({"model_max_length": -1})",
                           R"({"model_max_length": 0})",
                           R"({"do_lower_case": 1})",
                           R"({"unk_token": 7})",
                           R"({"unk_token": {"contents": "x"}})",
                           R"({"added_tokens_decoder": {"x": {"content": "a"}}})",
                           R"({"additional_special_tokens": 5})",
                           R"({"do_lower_case": true)",
                           R"({"do_lower_case": true} x)",
                           R"([])",
                           ""}) {
    EXPECT_EQ(parse_tokenizer_config(text).status().code(), Code::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace rr::text
