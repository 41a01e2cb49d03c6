#include "rerank/score.h"

#include <gtest/gtest.h>

#include <limits>

namespace rr::rerank {
namespace {

TEST(Score, SigmoidHasItsTextbookValues) {
  EXPECT_EQ(sigmoid(0), 0.5F);
  EXPECT_FLOAT_EQ(sigmoid(1), 0.7310585786300049F);
  EXPECT_FLOAT_EQ(sigmoid(-1), 0.2689414213699951F);
  EXPECT_FLOAT_EQ(sigmoid(-20), 2.0611536181902037e-9F);
}

TEST(Score, SigmoidStaysInBoundsAtTheEnds) {
  EXPECT_EQ(sigmoid(std::numeric_limits<float>::max()), 1.0F);
  EXPECT_EQ(sigmoid(-std::numeric_limits<float>::max()), 0.0F);
}

TEST(Score, SigmoidNeverDecreases) {
  for (float logit = -30; logit < 30; logit += 0.01F) {
    ASSERT_LE(sigmoid(logit), sigmoid(logit + 0.01F));
  }
}

TEST(Score, TheRuleDecides) {
  EXPECT_EQ(relevance_score(3, ScoreRule::kLogit), 3.0F);
  EXPECT_EQ(relevance_score(3, ScoreRule::kSigmoid), sigmoid(3));
}

}  // namespace
}  // namespace rr::rerank
