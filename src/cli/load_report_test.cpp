#include "cli/load_report.h"

#include <gmock/gmock.h>

namespace rr::cli {
namespace {

using ::testing::HasSubstr;

TEST(LoadReport, PercentilesAreNearestRankOverAnswersWith200) {
  LoadReport report;
  for (int i = 100; i >= 1; --i) {
    report.add("200", std::chrono::milliseconds(i), 4);
  }
  report.add("429", std::chrono::seconds(9), 4);
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.50), 50);
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.95), 95);
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.99), 99);
  EXPECT_DOUBLE_EQ(report.percentile_ms(1.0), 100);
  EXPECT_EQ(report.requests(), 101U);
  EXPECT_EQ(report.answered(), 100U);
}

TEST(LoadReport, CountsPairsAndErrorsByStatus) {
  LoadReport report;
  report.add("200", std::chrono::milliseconds(10), 4);
  report.add("503", Duration::zero(), 4);
  report.add("connect", Duration::zero(), 4);
  report.add("connect", Duration::zero(), 4);
  report.wall = std::chrono::seconds(2);
  EXPECT_THAT(report.json(), HasSubstr(R"("pairs_per_s":2.0)"));
  EXPECT_THAT(report.json(), HasSubstr(R"("status":{"200":1,"503":1,"connect":2},"errors":3)"));
  EXPECT_THAT(report.text(), HasSubstr("errors: 503 x 1, connect x 2"));
}

TEST(LoadReport, ARunWithoutAnswersHasZeroesAndNoNonsense) {
  const LoadReport report;
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.99), 0);
  EXPECT_THAT(report.text(), HasSubstr("errors: none"));
}

}  // namespace
}  // namespace rr::cli
