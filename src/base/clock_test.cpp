#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/deadline.h"

namespace rr {
namespace {

using std::chrono::milliseconds;

TEST(FakeClock, MovesOnlyWhenAdvanced) {
  FakeClock clock;
  const TimePoint start = clock.now();
  EXPECT_EQ(clock.now(), start);
  clock.advance(milliseconds(5));
  EXPECT_EQ(clock.now() - start, milliseconds(5));
}

TEST(SystemClock, IsMonotonicAndKnowsTheYear) {
  const SystemClock clock;
  const TimePoint first = clock.now();
  EXPECT_GE(clock.now(), first);
  EXPECT_GT(clock.unix_seconds(), 1.6e9);
}

TEST(Clock, SecondsConvertBothWays) {
  EXPECT_EQ(from_seconds(0.0015), std::chrono::microseconds(1500));
  EXPECT_DOUBLE_EQ(to_seconds(milliseconds(250)), 0.25);
  EXPECT_DOUBLE_EQ(to_milliseconds(std::chrono::microseconds(250)), 0.25);
}

TEST(Deadline, PassesAtItsTimeAndNotBefore) {
  FakeClock clock;
  const Deadline deadline = Deadline::after(clock, milliseconds(10));
  EXPECT_FALSE(deadline.passed(clock.now()));
  EXPECT_EQ(deadline.left(clock.now()), milliseconds(10));
  clock.advance(milliseconds(10));
  EXPECT_TRUE(deadline.passed(clock.now()));
  EXPECT_EQ(deadline.left(clock.now()), milliseconds(0));
}

TEST(Deadline, NeverNeverPasses) {
  FakeClock clock;
  const Deadline never = Deadline::never();
  clock.advance(std::chrono::hours(24 * 365));
  EXPECT_FALSE(never.passed(clock.now()));
  EXPECT_TRUE(never.is_never());
}

TEST(Deadline, EarlierOfTwo) {
  FakeClock clock;
  const Deadline soon = Deadline::after(clock, milliseconds(1));
  const Deadline later = Deadline::after(clock, milliseconds(2));
  EXPECT_EQ(earlier(soon, later).time(), soon.time());
  EXPECT_EQ(earlier(Deadline::never(), later).time(), later.time());
}

}  // namespace
}  // namespace rr
