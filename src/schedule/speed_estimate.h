// What chunks have cost lately: tokens per second of one worker, and the part of a chunk's time
// that does not depend on its size (weights streamed from memory, fixed set-up), which is what
// company in the same chunk saves. Least squares of time over tokens, old chunks fading by 2 % with
// every new one. Pure; not thread-safe. Tested by speed_estimate_test.cpp.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace rr::schedule {

class SpeedEstimate {
 public:
  void add(std::int64_t tokens, Duration elapsed);

  // Of one worker; 0 until something was measured.
  double tokens_per_second() const;
  // Zero until chunks of different sizes were measured, and where the fit is no plausible cost.
  Duration chunk_overhead() const;

 private:
  double weight_ = 0;
  double tokens_ = 0;
  double seconds_ = 0;
  double tokens_squared_ = 0;
  double tokens_seconds_ = 0;
};

}  // namespace rr::schedule
