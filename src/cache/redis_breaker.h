// The circuit breaker in front of Redis: three failures in a row without a success open it, and
// then nobody waits for Redis until a probe was answered in time. Pure: probes are sent and timed
// by the caller. Not thread-safe. Tested by redis_breaker_test.cpp.
#pragma once

#include "base/clock.h"

namespace rr::cache {

struct BreakerOptions {
  int failures_to_open = 3;
  Duration probe_interval = std::chrono::milliseconds(250);
  Duration answer_limit{};  // a probe that took longer is no proof of health
};

class RedisBreaker {
 public:
  explicit RedisBreaker(const BreakerOptions& options) : options_(options) {}

  bool is_open() const { return open_; }
  void on_success() { failures_ = 0; }
  void on_failure(TimePoint now);
  void on_probe_answer(Duration took);
  // Open, and the last probe is long enough ago; the caller then sends one.
  bool take_probe(TimePoint now);
  TimePoint next_probe() const { return next_probe_; }

 private:
  BreakerOptions options_;
  bool open_ = false;
  int failures_ = 0;
  TimePoint next_probe_;
};

}  // namespace rr::cache
