#include "cache/redis_breaker.h"

#include <gtest/gtest.h>

namespace rr::cache {
namespace {

using std::chrono::milliseconds;

class Breaker : public testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) {
      breaker.on_failure(clock.now());
    }
  }

  FakeClock clock;
  RedisBreaker breaker{{.failures_to_open = 3,
                        .probe_interval = milliseconds(250),
                        .answer_limit = milliseconds(50)}};
};

TEST_F(Breaker, OpensAfterThreeFailuresInARow) {
  fail(2);
  EXPECT_FALSE(breaker.is_open());
  fail(1);
  EXPECT_TRUE(breaker.is_open());
}

TEST_F(Breaker, ASuccessBetweenStartsTheCountAnew) {
  fail(2);
  breaker.on_success();
  fail(2);
  EXPECT_FALSE(breaker.is_open());
}

TEST_F(Breaker, ASlowAnswerDoesNotCloseIt) {
  fail(3);
  breaker.on_success();  // a late answer to an old call
  EXPECT_TRUE(breaker.is_open());
  breaker.on_probe_answer(milliseconds(51));
  EXPECT_TRUE(breaker.is_open());
  breaker.on_probe_answer(milliseconds(50));
  EXPECT_FALSE(breaker.is_open());
}

TEST_F(Breaker, ProbesAtIntervalsOnlyWhileOpen) {
  EXPECT_FALSE(breaker.take_probe(clock.now()));
  fail(3);
  EXPECT_TRUE(breaker.take_probe(clock.now()));
  EXPECT_FALSE(breaker.take_probe(clock.now()));
  clock.advance(milliseconds(250));
  EXPECT_TRUE(breaker.take_probe(clock.now()));
}

}  // namespace
}  // namespace rr::cache
