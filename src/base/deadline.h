// A point in time after which nobody wants the result. A value; thread-safe; every wait takes one.
#pragma once

#include "base/clock.h"

namespace rr {

class Deadline {
 public:
  static Deadline never() { return Deadline(TimePoint::max()); }
  static Deadline at(TimePoint time) { return Deadline(time); }
  // `wait` may be zero or negative: then it has passed already.
  static Deadline after(const Clock& clock, Duration wait) { return Deadline(clock.now() + wait); }

  bool is_never() const { return time_ == TimePoint::max(); }
  bool passed(TimePoint now) const { return now >= time_; }
  // Zero once passed; Duration::max() when never.
  Duration left(TimePoint now) const {
    if (is_never()) {
      return Duration::max();
    }
    return passed(now) ? Duration::zero() : time_ - now;
  }
  TimePoint time() const { return time_; }

 private:
  explicit Deadline(TimePoint time) : time_(time) {}
  TimePoint time_;
};

inline Deadline earlier(Deadline a, Deadline b) {
  return a.time() <= b.time() ? a : b;
}

}  // namespace rr
