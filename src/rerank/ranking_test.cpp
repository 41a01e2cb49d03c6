#include "rerank/ranking.h"

#include <gtest/gtest.h>

namespace rr::rerank {
namespace {

using Order = std::vector<std::size_t>;

TEST(Ranking, BestLogitComesFirst) {
  const std::vector<PairScore> scores = {{-1, false}, {3, false}, {2, true}};
  EXPECT_EQ(ranked_order(scores, TieOrder::kLowerIndexFirst), (Order{1, 2, 0}));
}

TEST(Ranking, EqualLogitsGoByIndexAsTheDialectWants) {
  const std::vector<PairScore> scores = {{1, false}, {5, false}, {1, false}, {1, false}};
  EXPECT_EQ(ranked_order(scores, TieOrder::kLowerIndexFirst), (Order{1, 0, 2, 3}));
  EXPECT_EQ(ranked_order(scores, TieOrder::kHigherIndexFirst), (Order{1, 3, 2, 0}));
}

TEST(Ranking, LogitsThatTheSigmoidRoundsTogetherKeepTheirOrder) {
  const std::vector<PairScore> scores = {{40, false}, {41, false}, {39, false}};
  EXPECT_EQ(ranked_order(scores, TieOrder::kLowerIndexFirst), (Order{1, 0, 2}));
}

TEST(Ranking, NothingGivesNothing) {
  EXPECT_TRUE(ranked_order({}, TieOrder::kLowerIndexFirst).empty());
}

}  // namespace
}  // namespace rr::rerank
