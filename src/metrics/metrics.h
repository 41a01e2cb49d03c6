// Every metric of the program in one place, all of them existing at zero from the start, labels
// with a closed set of values. Names and meaning: docs/API.md, "Metrics". Exposition: text format
// 0.0.4 for Prometheus, or the same facts as JSON; process_* is read from /proc at exposition.
// Thread-safe; counting is one atomic operation, observing a histogram takes its short lock, both
// on a reference obtained once. Tested by metrics_test.cpp.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rr::metrics {

enum class Stage { kTokenize, kQueue, kInference, kRedis, kRender };
enum class PairSource { kComputed, kLocalCache, kRedis, kJoined, kRemoteJoined };
enum class RejectReason {
  kQueueFull,
  kPredictedWait,
  kDraining,
  kNotReady,
  kUnauthorized,
  kBodyTooLarge,
  kConnections
};
enum class RedisError { kConnect, kTimeout, kProtocol, kReply, kAuth };
enum class LeaseEvent { kClaimed, kWaited, kTakenOver, kLost };

// Facts that never change while the process runs.
struct BuildInfo {
  std::string version;
  std::string commit;
  std::string compiler;
  std::string isa;
  std::string quantization;
};

class Metrics {
 public:
  // `routes` = every route label that can occur (the server's table plus "other").
  Metrics(const std::vector<std::string>& routes, const BuildInfo& build);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Any status code outside the closed set counts under its class ("5xx"), any route that was not
  // named at construction under "other".
  prometheus::Counter& requests(std::string_view route, int status);
  prometheus::Histogram& request_duration(std::string_view route);
  prometheus::Histogram& stage_duration(Stage stage);
  prometheus::Counter& pairs(PairSource source);
  prometheus::Counter& rejected(RejectReason reason);
  prometheus::Counter& redis_errors(RedisError kind);
  prometheus::Counter& redis_leases(LeaseEvent event);

  prometheus::Counter& tokens_total;
  prometheus::Counter& truncated_pairs_total;
  prometheus::Counter& cancelled_pairs_total;
  prometheus::Counter& nonfinite_total;
  prometheus::Counter& batches_total;
  prometheus::Histogram& batch_requests;
  prometheus::Histogram& batch_tokens;
  prometheus::Gauge& queue_requests;
  prometheus::Gauge& queue_tokens;
  prometheus::Gauge& active_requests;
  prometheus::Gauge& local_cache_entries;
  prometheus::Gauge& local_cache_bytes;
  prometheus::Counter& local_cache_hits_total;
  prometheus::Counter& local_cache_misses_total;
  prometheus::Counter& local_cache_evictions_total;
  prometheus::Gauge& redis_up;
  prometheus::Gauge& redis_breaker_open;
  prometheus::Histogram& redis_duration;

  std::string text();
  std::string json();

 private:
  struct Series;
  explicit Metrics(std::unique_ptr<Series> series);
  std::unique_ptr<Series> series_;
};

}  // namespace rr::metrics
