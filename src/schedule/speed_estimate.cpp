#include "schedule/speed_estimate.h"

#include <algorithm>

namespace rr::schedule {

namespace {
constexpr double kFade = 0.98;
constexpr double kWeightMin = 4;           // chunks before the fit is believed
constexpr double kSpreadMin = 0.01;        // variance of sizes, as share of the mean's square
constexpr double kOverheadShareMax = 0.5;  // of the mean chunk's time
}  // namespace

void SpeedEstimate::add(std::int64_t tokens, Duration elapsed) {
  if (tokens <= 0 || elapsed <= Duration::zero()) {
    return;
  }
  const double x = static_cast<double>(tokens);
  const double y = to_seconds(elapsed);
  weight_ = weight_ * kFade + 1;
  tokens_ = tokens_ * kFade + x;
  seconds_ = seconds_ * kFade + y;
  tokens_squared_ = tokens_squared_ * kFade + x * x;
  tokens_seconds_ = tokens_seconds_ * kFade + x * y;
}

double SpeedEstimate::tokens_per_second() const {
  return seconds_ > 0 ? tokens_ / seconds_ : 0;
}

Duration SpeedEstimate::chunk_overhead() const {
  if (weight_ < kWeightMin) {
    return Duration::zero();
  }
  const double mean_tokens = tokens_ / weight_;
  const double mean_seconds = seconds_ / weight_;
  const double variance = tokens_squared_ / weight_ - mean_tokens * mean_tokens;
  if (variance < kSpreadMin * mean_tokens * mean_tokens) {
    return Duration::zero();
  }
  const double slope = (tokens_seconds_ / weight_ - mean_tokens * mean_seconds) / variance;
  const double overhead = mean_seconds - slope * mean_tokens;
  return from_seconds(std::clamp(overhead, 0.0, kOverheadShareMax * mean_seconds));
}

}  // namespace rr::schedule
