// What a load run found, and how it is printed. Not thread-safe. Tested by load_report_test.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"

namespace rr::cli {

class LoadReport {
 public:
  // `status` is the HTTP status, or a word for what happened instead: "connect", "timeout",
  // "broken". Throughput counts answers with 200 only.
  void add(const std::string& status, Duration latency, int documents);

  // Facts of the whole run.
  int clients = 0;
  double rate = 0;  // requests a second asked for; 0 = closed loop
  Duration wall{};
  std::uint64_t distinct_requests = 0;  // what is left when repeats are taken out
  double cpu_share = 0;                 // this program's own share of one CPU

  std::uint64_t requests() const;
  std::uint64_t answered() const;

  // Nearest-rank percentile of the latency of what ended with `status`, in ms; `share` in (0, 1];
  // 0 where nothing did.
  double percentile_ms(double share, const std::string& status) const;

  std::string text() const;
  std::string json() const;

 private:
  void sort() const;
  double mean_ms() const;
  double per_second(double count) const;
  mutable std::map<std::string, std::vector<double>> latencies_ms_;  // by status
  mutable bool sorted_ = true;
  std::uint64_t pairs_ = 0;  // of answers with 200
};

}  // namespace rr::cli
