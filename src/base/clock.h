// Time, only through here: code that waits or measures takes a Clock, so that tests own time.
// `now` is monotonic; `unix_seconds` is for people and answers, never for deadlines.
// Thread-safe. SystemClock costs one vDSO call. Tested by clock_test.cpp.
#pragma once

#include <atomic>
#include <chrono>

namespace rr {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual double unix_seconds() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  double unix_seconds() const override;
};

// Starts at one hour and moves only by advance().
class FakeClock final : public Clock {
 public:
  TimePoint now() const override;
  double unix_seconds() const override;
  void advance(Duration by);

 private:
  std::atomic<Duration::rep> now_ns_{std::chrono::nanoseconds(std::chrono::hours(1)).count()};
};

inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
inline double to_milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
// Rounds to the nearest nanosecond; seconds must be finite and below 1e9.
Duration from_seconds(double seconds);

}  // namespace rr
