#include "base/check.h"

#include <gtest/gtest.h>

namespace rr {
namespace {

TEST(CheckDeathTest, ABrokenInvariantNamesItsTextAndPlace) {
  EXPECT_DEATH(RR_CHECK(1 + 1 == 3), "check_test.cpp:[0-9]+: check failed: 1 \\+ 1 == 3");
}

TEST(Check, AnInvariantThatHoldsCostsNothing) {
  int evaluated = 0;
  RR_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace rr
