#include "eval/ranking_agreement.h"

#include <gtest/gtest.h>

namespace rr::eval {
namespace {

TEST(RankingAgreement, NothingComparedIsFullAgreement) {
  RankingAgreement agreement;
  agreement.add({}, {});
  const AgreementFigures figures = agreement.figures();
  EXPECT_EQ(figures.kendall_tau, 1);
  EXPECT_EQ(figures.top10_overlap, 1);
  EXPECT_EQ(figures.delta_max, 0);
  EXPECT_EQ(figures.delta_p99, 0);
}

TEST(RankingAgreement, TauAndOverlapAreMeansOverListsThatAreNotEmpty) {
  RankingAgreement agreement;
  agreement.add(std::vector<float>{3, 2, 1}, std::vector<float>{3, 2, 1});
  agreement.add({}, {});
  agreement.add(std::vector<float>{3, 2, 1}, std::vector<float>{1, 2, 3});
  EXPECT_DOUBLE_EQ(agreement.figures().kendall_tau, 0.0);
  EXPECT_DOUBLE_EQ(agreement.figures().top10_overlap, 1.0);  // all three are among the ten
}

TEST(RankingAgreement, OverlapCountsWhatStaysAmongTheTenBest) {
  const std::vector<float> exact = {12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  std::vector<float> logits = exact;
  logits[11] = 100;  // the last one becomes the best and pushes the tenth out
  RankingAgreement agreement;
  agreement.add(exact, logits);
  EXPECT_DOUBLE_EQ(agreement.figures().top10_overlap, 0.9);
  EXPECT_DOUBLE_EQ(agreement.figures().delta_max, 99.0);
}

TEST(RankingAgreement, P99IsTheLeastValueThatNinetyNineOfAHundredDoNotPass) {
  const std::vector<float> exact(200, 0.0F);
  std::vector<float> logits(200, 0.25F);
  logits[17] = 5;
  logits[170] = -4;
  RankingAgreement two_in_200;
  two_in_200.add(exact, logits);
  EXPECT_DOUBLE_EQ(two_in_200.figures().delta_p99, 0.25);
  logits[30] = 3;
  RankingAgreement three_in_200;
  three_in_200.add(exact, logits);
  EXPECT_DOUBLE_EQ(three_in_200.figures().delta_p99, 3.0);
  RankingAgreement one;
  one.add(std::vector<float>{1}, std::vector<float>{-1});
  EXPECT_DOUBLE_EQ(one.figures().delta_p99, 2.0);
}

}  // namespace
}  // namespace rr::eval
