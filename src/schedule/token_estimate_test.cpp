#include "schedule/token_estimate.h"

#include <gtest/gtest.h>

namespace rr::schedule {
namespace {

TEST(TokenEstimate, StartsWithFourBytesAToken) {
  const TokenEstimate estimate;
  EXPECT_EQ(estimate.of(400, 512), 103);
}

TEST(TokenEstimate, NeverExceedsWhatAPairCanHave) {
  const TokenEstimate estimate;
  EXPECT_EQ(estimate.of(1'000'000, 512), 512);
  EXPECT_GE(estimate.of(0, 512), 1);
}

TEST(TokenEstimate, LearnsFromWhatItSees) {
  TokenEstimate estimate;
  for (int i = 0; i < 1000; ++i) {
    estimate.add(100, 103);  // a token a byte
  }
  EXPECT_NEAR(estimate.of(100, 512), 103, 1);
}

}  // namespace
}  // namespace rr::schedule
