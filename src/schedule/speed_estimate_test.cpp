#include "schedule/speed_estimate.h"

#include <gtest/gtest.h>

namespace rr::schedule {
namespace {

Duration microseconds(std::int64_t count) {
  return std::chrono::microseconds(count);
}

TEST(SpeedEstimate, KnowsNothingAtFirst) {
  const SpeedEstimate speed;
  EXPECT_EQ(speed.tokens_per_second(), 0);
  EXPECT_EQ(speed.chunk_overhead(), Duration::zero());
}

TEST(SpeedEstimate, FollowsTheEngine) {
  SpeedEstimate speed;
  for (int i = 0; i < 300; ++i) {
    speed.add(256, microseconds(10'000));
  }
  EXPECT_NEAR(speed.tokens_per_second(), 25'600, 1);
  for (int i = 0; i < 300; ++i) {
    speed.add(256, microseconds(5'000));
  }
  EXPECT_NEAR(speed.tokens_per_second(), 51'200, 300);
}

TEST(SpeedEstimate, FindsTheFixedCostOfAChunk) {
  SpeedEstimate speed;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t tokens = 50 + i % 7 * 30;
    speed.add(tokens, microseconds(800 + 20 * tokens));
  }
  EXPECT_NEAR(to_milliseconds(speed.chunk_overhead()), 0.8, 0.001);
}

TEST(SpeedEstimate, EqualChunksTellNothingAboutTheFixedCost) {
  SpeedEstimate speed;
  for (int i = 0; i < 100; ++i) {
    speed.add(256, microseconds(5'000 + i));
  }
  EXPECT_EQ(speed.chunk_overhead(), Duration::zero());
}

TEST(SpeedEstimate, NonsenseIsNotCounted) {
  SpeedEstimate speed;
  speed.add(0, microseconds(5));
  speed.add(100, Duration::zero());
  EXPECT_EQ(speed.tokens_per_second(), 0);
}

}  // namespace
}  // namespace rr::schedule
