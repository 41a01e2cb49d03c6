#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace rr::cli {

namespace {

constexpr int kBarWidth = 24;
constexpr Duration kRedrawEvery = std::chrono::milliseconds(100);

}  // namespace

std::string progress_line(const std::string& unit,
                          std::uint64_t done,
                          std::uint64_t total,
                          Duration elapsed) {
  const double share =
      total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const int filled = static_cast<int>(share * kBarWidth);
  const double seconds = to_seconds(elapsed);
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0.0;
  std::string left = "-:--";
  if (rate > 0 && total >= done) {
    const auto seconds_left = std::llround(static_cast<double>(total - done) / rate);
    left = fmt::format("{}:{:02}", seconds_left / 60, seconds_left % 60);
  }
  return fmt::format("{} [{:#<{}}{:-<{}}] {:3.0f}% {}/{}  {:.1f}/s  {} left",
                     unit,
                     "",
                     filled,
                     "",
                     kBarWidth - filled,
                     share * 100,
                     done,
                     total,
                     rate,
                     left);
}

Progress::Progress(std::string unit, std::uint64_t total, const Clock& clock)
    : unit_(std::move(unit)),
      total_(total),
      clock_(clock),
      start_(clock.now()),
      drawn_at_(start_),
      on_terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (on_terminal_) {
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  }
}

void Progress::add(std::uint64_t done) {
  done_ += done;
  const TimePoint now = clock_.now();
  if (!on_terminal_ || (now - drawn_at_ < kRedrawEvery && done_ < total_)) {
    return;
  }
  drawn_at_ = now;
  fmt::print(stderr, "\r\033[K{}", progress_line(unit_, done_, total_, now - start_));
  std::fflush(stderr);
}

}  // namespace rr::cli
