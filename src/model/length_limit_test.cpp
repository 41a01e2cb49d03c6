#include "model/length_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>

namespace rr::model {
namespace {

LengthLimits roomy() {
  LengthLimits limits;
  limits.position_rows = 8192;
  limits.tokenizer_limit = INT_MAX;
  limits.special_tokens = 3;
  return limits;
}

TEST(LengthLimit, IsTheDefaultWhenNothingIsTighter) {
  EXPECT_EQ(length_limit(roomy()).value(), 512);
}

TEST(LengthLimit, FollowsTheOptionUpToWhatTheModelCanTake) {
  LengthLimits limits = roomy();
  limits.option = 2048;
  EXPECT_EQ(length_limit(limits).value(), 2048);
  limits.option = 100'000;
  EXPECT_EQ(length_limit(limits).value(), 8192);
  limits.option = 64;
  EXPECT_EQ(length_limit(limits).value(), 64);
}

TEST(LengthLimit, IsTheLeastOfPositionTableAndTokenizer) {
  LengthLimits limits = roomy();
  limits.position_rows = 400;
  EXPECT_EQ(length_limit(limits).value(), 400);
  limits.tokenizer_limit = 300;
  EXPECT_EQ(length_limit(limits).value(), 300);
  limits.option = 350;
  EXPECT_EQ(length_limit(limits).value(), 300);
}

TEST(LengthLimit, HonoursMaxSeqLengthUnlessTheOptionIsGiven) {
  LengthLimits limits = roomy();
  limits.max_seq_length = 256;
  EXPECT_EQ(length_limit(limits).value(), 256);
  limits.option = 512;
  EXPECT_EQ(length_limit(limits).value(), 512);
}

TEST(LengthLimit, RefusesWhatLeavesNoRoomForText) {
  LengthLimits limits = roomy();
  for (const int length : {3, 1, 0, -5}) {
    limits.option = length;
    const auto result = length_limit(limits);
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(result.status().message(), testing::HasSubstr("no room for text"));
  }
  limits.option = 4;
  EXPECT_EQ(length_limit(limits).value(), 4);
}

}  // namespace
}  // namespace rr::model
