#include "text/vocab_txt.h"

#include <gtest/gtest.h>

namespace rr::text {
namespace {

TEST(VocabTxt, LinesAreIdsWhateverEndsThem) {
  const auto parts = parse_vocab_txt("[UNK]\r\n[CLS]\n[SEP]\u00a0\na\n\nb", TokenizerConfig{});
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  const auto& entries = parts->vocabulary.entries;
  ASSERT_EQ(entries.size(), 6U);
  EXPECT_EQ(entries[0].first, "[UNK]");
  EXPECT_EQ(entries[2].first, "[SEP]");
  EXPECT_EQ(entries[5], (std::pair<std::string, TokenId>{"b", 5}));
}

TEST(VocabTxt, DefaultsAreThoseOfTheUncasedBertTokenizer) {
  const auto parts = parse_vocab_txt("[UNK]\n[CLS]\n[SEP]\n", TokenizerConfig{});
  ASSERT_TRUE(parts.ok());
  EXPECT_TRUE(parts->normalizer.lowercase);
  EXPECT_TRUE(parts->normalizer.strip_accents);
  EXPECT_TRUE(parts->normalizer.handle_chinese_chars);
  EXPECT_EQ(parts->added_tokens.size(), 5U);
}

TEST(VocabTxt, StripAccentsFollowsLowerCaseUnlessStated) {
  TokenizerConfig config;
  config.do_lower_case = false;
  EXPECT_FALSE(parse_vocab_txt("[UNK]\n[CLS]\n[SEP]\n", config)->normalizer.strip_accents);
  config.strip_accents = true;
  EXPECT_TRUE(parse_vocab_txt("[UNK]\n[CLS]\n[SEP]\n", config)->normalizer.strip_accents);
}

TEST(VocabTxt, MissingSpecialTokensAndInvalidUtf8AreErrors) {
  EXPECT_EQ(parse_vocab_txt("[UNK]\n[CLS]\n", TokenizerConfig{}).status().code(), Code::kCorrupt);
  EXPECT_EQ(parse_vocab_txt("[UNK]\n[CLS]\n[SEP]\n\xff\n", TokenizerConfig{}).status().code(),
            Code::kCorrupt);
  EXPECT_EQ(parse_vocab_txt("", TokenizerConfig{}).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace rr::text
