#include "metrics/process_stats.h"

#include <gtest/gtest.h>

namespace rr::metrics {
namespace {

TEST(ProcessStats, SaysThatThisProcessRuns) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GT(stats.resident_bytes, 1e6);
  EXPECT_GT(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.open_fds, 3);
  EXPECT_GT(stats.max_fds, stats.open_fds);
  EXPECT_GE(stats.threads, 1);
  EXPECT_GT(stats.start_time_seconds, 1.6e9);
  EXPECT_GE(stats.cpu_seconds, 0);
}

}  // namespace
}  // namespace rr::metrics
