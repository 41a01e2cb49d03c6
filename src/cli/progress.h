// A progress bar on stderr with rate and time left: on a terminal only, nothing when piped.
//   Progress progress("pairs", total, clock);
//   progress.add(32);
// Redraws at most ten times a second; the destructor takes the line away. Not thread-safe. Tested
// by progress_test.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace rr::cli {

// The bar as drawn: "pairs [#####-----]  50% 500/1000  120.5/s  0:04 left".
std::string progress_line(const std::string& unit,
                          std::uint64_t done,
                          std::uint64_t total,
                          Duration elapsed);

class Progress {
 public:
  Progress(std::string unit, std::uint64_t total, const Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t done);

 private:
  std::string unit_;
  std::uint64_t total_;
  const Clock& clock_;
  TimePoint start_;
  TimePoint drawn_at_;
  std::uint64_t done_ = 0;
  bool on_terminal_;
};

}  // namespace rr::cli
