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
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.50, "200"), 50);
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.95, "200"), 95);
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.99, "200"), 99);
  EXPECT_DOUBLE_EQ(report.percentile_ms(1.0, "200"), 100);
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.99, "429"), 9000);
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
  EXPECT_THAT(report.json(), HasSubstr(R"("status":{"200":1,"503":1,"connect":2},"p99_ms":)"));
  EXPECT_THAT(report.json(), HasSubstr(R"({"200":10.0,"503":0.0,"connect":0.0},"errors":3)"));
  EXPECT_THAT(report.text(), HasSubstr("errors: 503 x 1 (p99 0.00 ms), connect x 2 (p99 0.00 ms)"));
}

TEST(LoadReport, ARunWithoutAnswersHasZeroesAndNoNonsense) {
  const LoadReport report;
  EXPECT_DOUBLE_EQ(report.percentile_ms(0.99, "200"), 0);
  EXPECT_THAT(report.text(), HasSubstr("errors: none"));
}

}  // namespace
}  // namespace rr::cli
