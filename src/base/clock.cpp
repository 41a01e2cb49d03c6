#include "base/clock.h"

#include <cmath>

#include "base/check.h"

namespace rr {

namespace {

double unix_seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

TimePoint SystemClock::now() const {
  return std::chrono::steady_clock::now();
}

double SystemClock::unix_seconds() const {
  return unix_seconds_of(std::chrono::system_clock::now());
}

TimePoint FakeClock::now() const {
  return TimePoint(Duration(now_ns_.load()));
}

double FakeClock::unix_seconds() const {
  return 1.7e9 + to_seconds(Duration(now_ns_.load()));
}

void FakeClock::advance(Duration by) {
  RR_CHECK(by.count() >= 0);
  now_ns_.fetch_add(by.count());
}

Duration from_seconds(double seconds) {
  RR_CHECK(std::isfinite(seconds) && std::abs(seconds) < 1e9);
  return Duration(std::llround(seconds * 1e9));
}

}  // namespace rr
