#include "text/added_tokens.h"

#include <gtest/gtest.h>

namespace rr::text {
namespace {

AddedToken token(std::string content, TokenId id, bool single_word = false) {
  AddedToken out;
  out.content = std::move(content);
  out.id = id;
  out.single_word = single_word;
  return out;
}

AddedTokenMatcher build(const std::vector<AddedToken>& tokens) {
  auto matcher = AddedTokenMatcher::build(tokens);
  EXPECT_TRUE(matcher.ok());
  return std::move(matcher).value();
}

std::vector<TokenId> all(const AddedTokenMatcher& matcher, std::string_view text) {
  std::vector<TokenId> ids;
  std::size_t from = 0;
  std::size_t resume = 0;
  while (const auto match = matcher.find(text, from, text.size(), resume)) {
    ids.push_back(match->id);
    from = match->end;
  }
  return ids;
}

TEST(AddedTokens, TheLeftmostLongestMatchWinsAndMatchesDoNotOverlap) {
  const AddedTokenMatcher matcher = build({token("aa", 1), token("aaab", 2), token("<s>", 3)});
  EXPECT_EQ(all(matcher, "aaab<s>"), (std::vector<TokenId>{2, 3}));
  EXPECT_EQ(all(matcher, "xaaax"), (std::vector<TokenId>{1}));
  EXPECT_EQ(all(matcher, "<<s>>"), (std::vector<TokenId>{3}));
}

TEST(AddedTokens, ASingleWordTokenNeedsNoWordCharacterBesideIt) {
  const AddedTokenMatcher matcher = build({token("<w>", 1, true), token(">x", 2)});
  EXPECT_EQ(all(matcher, "a <w> b"), (std::vector<TokenId>{1}));
  EXPECT_EQ(all(matcher, "-<w>,"), (std::vector<TokenId>{1}));
  EXPECT_TRUE(all(matcher, "\u00e9<w>").empty());
  // The dropped match has used up the ">".
  EXPECT_TRUE(all(matcher, "<w>x").empty());
}

TEST(AddedTokens, ASearchThatFindsNothingSaysHowFarItWent) {
  const AddedTokenMatcher matcher = build({token("<w>", 1, true)});
  std::size_t resume = 0;
  EXPECT_FALSE(matcher.find("aa<w>b", 0, 3, resume).has_value());
  EXPECT_EQ(resume, 5U);
  EXPECT_FALSE(matcher.find("aaaaaa", 0, 3, resume).has_value());
  EXPECT_EQ(resume, 3U);
}

TEST(AddedTokens, StraddlesSeesEveryPatternAcrossAPlace) {
  const AddedTokenMatcher matcher = build({token("a b", 1)});
  EXPECT_TRUE(matcher.straddles("xa by", 2));
  EXPECT_FALSE(matcher.straddles("xa by", 1));
  EXPECT_FALSE(matcher.straddles("xa by", 4));
  EXPECT_FALSE(AddedTokenMatcher().straddles("xa by", 2));
}

TEST(AddedTokens, APatternOfManyKilobytesIsRefused) {
  EXPECT_EQ(AddedTokenMatcher::build({token(std::string(2000, 'x'), 1)}).status().code(),
            Code::kTooLarge);
}

}  // namespace
}  // namespace rr::text
