#include "cli/progress.h"

#include <gtest/gtest.h>

namespace rr::cli {
namespace {

TEST(Progress, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(progress_line("pairs", 500, 1000, std::chrono::seconds(4)),
            "pairs [############------------]  50% 500/1000  125.0/s  0:04 left");
  EXPECT_EQ(progress_line("pairs", 1, 1000, std::chrono::seconds(1)),
            "pairs [------------------------]   0% 1/1000  1.0/s  16:39 left");
}

TEST(Progress, KnowsNoTimeLeftBeforeTheFirstStepAndIsFullWithoutWork) {
  EXPECT_EQ(progress_line("x", 0, 10, Duration::zero()),
            "x [------------------------]   0% 0/10  0.0/s  -:-- left");
  EXPECT_EQ(progress_line("x", 0, 0, Duration::zero()),
            "x [########################] 100% 0/0  0.0/s  -:-- left");
}

}  // namespace
}  // namespace rr::cli
