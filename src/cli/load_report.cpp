#include "cli/load_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/json_text.h"

namespace rr::cli {

namespace {

const std::string kAnswered = "200";

}  // namespace

void LoadReport::add(const std::string& status, Duration latency, int documents) {
  latencies_ms_[status].push_back(to_milliseconds(latency));
  sorted_ = false;
  pairs_ += status == kAnswered ? static_cast<std::uint64_t>(documents) : 0;
}

std::uint64_t LoadReport::requests() const {
  std::uint64_t count = 0;
  for (const auto& [status, latencies] : latencies_ms_) {
    count += latencies.size();
  }
  return count;
}

std::uint64_t LoadReport::answered() const {
  const auto found = latencies_ms_.find(kAnswered);
  return found == latencies_ms_.end() ? 0 : found->second.size();
}

void LoadReport::sort() const {
  if (!sorted_) {
    for (auto& [status, latencies] : latencies_ms_) {
      std::sort(latencies.begin(), latencies.end());
    }
    sorted_ = true;
  }
}

double LoadReport::percentile_ms(double share, const std::string& status) const {
  const auto found = latencies_ms_.find(status);
  if (found == latencies_ms_.end()) {
    return 0;
  }
  sort();
  const std::vector<double>& latencies = found->second;
  const double rank = std::ceil(share * static_cast<double>(latencies.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return latencies[std::min(index, latencies.size() - 1)];
}

double LoadReport::mean_ms() const {
  const auto found = latencies_ms_.find(kAnswered);
  if (found == latencies_ms_.end()) {
    return 0;
  }
  return std::accumulate(found->second.begin(), found->second.end(), 0.0) /
         static_cast<double>(found->second.size());
}

double LoadReport::per_second(double count) const {
  const double seconds = to_seconds(wall);
  return seconds > 0 ? count / seconds : 0;
}

std::string LoadReport::text() const {
  std::string errors;
  for (const auto& [status, latencies] : latencies_ms_) {
    if (status != kAnswered) {
      errors += fmt::format("{}{} x {} (p99 {:.2f} ms)",
                            errors.empty() ? "" : ", ",
                            status,
                            latencies.size(),
                            percentile_ms(0.99, status));
    }
  }
  return fmt::format(
      "{} requests, {} clients, {}\n"
      "  latency    p50 {:.2f} ms  p95 {:.2f} ms  p99 {:.2f} ms  mean {:.2f} ms  max {:.2f} ms\n"
      "  throughput {:.1f} req/s  {:.1f} pairs/s\n"
      "  answers    200 x {}  errors: {}\n"
      "  time       {:.2f} s, own CPU {:.0f} %\n",
      requests(),
      clients,
      rate > 0 ? fmt::format("open loop at {} req/s", rate) : "closed loop",
      percentile_ms(0.50, kAnswered),
      percentile_ms(0.95, kAnswered),
      percentile_ms(0.99, kAnswered),
      mean_ms(),
      percentile_ms(1.0, kAnswered),
      per_second(static_cast<double>(answered())),
      per_second(static_cast<double>(pairs_)),
      answered(),
      errors.empty() ? "none" : errors,
      to_seconds(wall),
      cpu_share * 100);
}

std::string LoadReport::json() const {
  JsonText json;
  json.open_object();
  json.key("requests").number(requests()).key("distinct_requests").number(distinct_requests);
  json.key("clients").number(clients);
  json.key("rate").number(rate).key("duration_s").number(to_seconds(wall));
  json.key("requests_per_s").number(per_second(static_cast<double>(answered())));
  json.key("pairs_per_s").number(per_second(static_cast<double>(pairs_)));
  json.key("latency_ms").open_object();
  json.key("p50")
      .number(percentile_ms(0.50, kAnswered))
      .key("p95")
      .number(percentile_ms(0.95, kAnswered));
  json.key("p99").number(percentile_ms(0.99, kAnswered)).key("mean").number(mean_ms());
  json.key("max").number(percentile_ms(1.0, kAnswered)).close_object();
  json.key("status").open_object();
  for (const auto& [status, latencies] : latencies_ms_) {
    json.key(status).number(latencies.size());
  }
  json.close_object();
  json.key("p99_ms").open_object();
  for (const auto& [status, latencies] : latencies_ms_) {
    json.key(status).number(percentile_ms(0.99, status));
  }
  json.close_object();
  json.key("errors").number(requests() - answered());
  json.key("cpu_share").number(cpu_share);
  json.close_object();
  return std::move(json).text() + "\n";
}

}  // namespace rr::cli
