#include "text/pair_template.h"

#include <gtest/gtest.h>

namespace rr::text {
namespace {

void expect_kept(PairLengths counts, std::size_t room, PairLengths kept) {
  const PairLengths got = longest_first(counts, room);
  EXPECT_EQ(got.query, kept.query) << counts.query << "+" << counts.document << " in " << room;
  EXPECT_EQ(got.document, kept.document)
      << counts.query << "+" << counts.document << " in " << room;
}

TEST(PairTemplate, LongestFirstCutsTheLongerSideAndThenBoth) {
  expect_kept({3, 4}, 7, {3, 4});
  expect_kept({3, 40}, 10, {3, 7});
  expect_kept({40, 3}, 10, {7, 3});
  expect_kept({40, 50}, 10, {5, 5});
  expect_kept({40, 50}, 11, {5, 6});
  expect_kept({50, 40}, 11, {6, 5});
  expect_kept({50, 50}, 11, {5, 6});
  expect_kept({5, 50}, 0, {0, 0});
  expect_kept({0, 50}, 3, {0, 3});
}

TEST(PairTemplate, AppliesBertsSpecialTokensAndTokenTypes) {
  std::vector<TokenId> ids = {99};
  std::vector<TokenId> types = {99};
  const std::vector<TokenId> query = {5, 6};
  const std::vector<TokenId> document = {7};
  PairTemplate::bert_pair(1, 2).apply(query, document, ids, types);
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 5, 6, 2, 7, 2}));
  EXPECT_EQ(types, (std::vector<TokenId>{0, 0, 0, 0, 1, 1}));
  PairTemplate::bert_single(1, 2).apply(query, {}, ids, types);
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 5, 6, 2}));
}

TEST(PairTemplate, ATemplateWithASideMissingOrTwiceIsRefused) {
  EXPECT_TRUE(PairTemplate::bert_pair(1, 2).check({1, 1}).ok());
  EXPECT_EQ(PairTemplate::bert_single(1, 2).check({1, 1}).code(), Code::kUnsupported);
  EXPECT_EQ(PairTemplate::bert_pair(1, 2).check({1, 0}).code(), Code::kUnsupported);
}

}  // namespace
}  // namespace rr::text
