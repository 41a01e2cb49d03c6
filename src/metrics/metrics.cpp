#include "metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <cmath>
#include <map>
#include <sstream>
#include <utility>

#include "base/json_text.h"
#include "metrics/process_stats.h"

namespace rr::metrics {

namespace {

using Labels = prometheus::Labels;

// The codes that the contract names, each with a series of its own.
constexpr std::array kCodes = {
    200, 204, 400, 401, 404, 405, 408, 413, 415, 422, 424, 429, 431, 500, 503, 504};
constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

constexpr std::array<std::string_view, 5> kStages = {
    "tokenize", "queue", "inference", "redis", "render"};
constexpr std::array<std::string_view, 5> kSources = {
    "computed", "local_cache", "redis", "joined", "remote_joined"};
constexpr std::array<std::string_view, 7> kReasons = {"queue_full",
                                                      "predicted_wait",
                                                      "draining",
                                                      "not_ready",
                                                      "unauthorized",
                                                      "body_too_large",
                                                      "connections"};
constexpr std::array<std::string_view, 5> kRedisErrors = {
    "connect", "timeout", "protocol", "reply", "auth"};
constexpr std::array<std::string_view, 4> kLeaseEvents = {
    "claimed", "waited", "taken_over", "lost"};

// Seconds. From a full hit (tens of microseconds) to a giant request (a minute).
const prometheus::Histogram::BucketBoundaries kSeconds = {0.0001,
                                                          0.00025,
                                                          0.0005,
                                                          0.001,
                                                          0.0025,
                                                          0.005,
                                                          0.01,
                                                          0.025,
                                                          0.05,
                                                          0.1,
                                                          0.25,
                                                          0.5,
                                                          1,
                                                          2.5,
                                                          5,
                                                          10,
                                                          30,
                                                          60};
const prometheus::Histogram::BucketBoundaries kRequests = {1, 2, 4, 8, 16, 32, 64, 128};
const prometheus::Histogram::BucketBoundaries kTokens = {
    16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};

template <std::size_t N>
std::array<prometheus::Counter*, N> counters(prometheus::Registry& registry,
                                             const char* name,
                                             const char* help,
                                             const char* label,
                                             const std::array<std::string_view, N>& values) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  std::array<prometheus::Counter*, N> out{};
  for (std::size_t i = 0; i < N; ++i) {
    out[i] = &family.Add(Labels{{label, std::string(values[i])}});
  }
  return out;
}

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& histogram(prometheus::Registry& registry,
                                 const char* name,
                                 const char* help,
                                 const prometheus::Histogram::BucketBoundaries& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

template <typename Enum>
constexpr std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

// Slot of a status code: its own, or after those the one of its class.
std::size_t code_slot(int status) {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i] == status) {
      return i;
    }
  }
  const int hundreds = status / 100;
  return kCodes.size() + static_cast<std::size_t>(hundreds >= 1 && hundreds <= 5 ? hundreds : 5) -
         1;
}

}  // namespace

struct Metrics::Series {
  struct Route {
    std::array<prometheus::Counter*, kCodes.size() + kClasses.size()> requests{};
    prometheus::Histogram* duration = nullptr;
  };

  prometheus::Registry registry;
  std::map<std::string, Route, std::less<>> routes;
  std::array<prometheus::Histogram*, kStages.size()> stages{};
  std::array<prometheus::Counter*, kSources.size()> pairs{};
  std::array<prometheus::Counter*, kReasons.size()> rejected{};
  std::array<prometheus::Counter*, kRedisErrors.size()> redis_errors{};
  std::array<prometheus::Counter*, kLeaseEvents.size()> redis_leases{};

  void add_routes(std::vector<std::string> names);
  void add_labelled();
  void add_build_info(const BuildInfo& build);
  const Route& route(std::string_view name) const;
  std::vector<prometheus::MetricFamily> collect() const;
};

void Metrics::Series::add_routes(std::vector<std::string> names) {
  auto& requests = prometheus::BuildCounter()
                       .Name("reranker_requests_total")
                       .Help("HTTP requests by route and status code")
                       .Register(registry);
  auto& durations = prometheus::BuildHistogram()
                        .Name("reranker_request_duration_seconds")
                        .Help("From the request's last byte to the answer's, by route")
                        .Register(registry);
  names.emplace_back("other");
  for (const std::string& name : names) {
    Route& route = routes[name];
    for (std::size_t i = 0; i < route.requests.size(); ++i) {
      const std::string code =
          i < kCodes.size() ? std::to_string(kCodes[i]) : std::string(kClasses[i - kCodes.size()]);
      route.requests[i] = &requests.Add(Labels{{"route", name}, {"code", code}});
    }
    route.duration = &durations.Add(Labels{{"route", name}}, kSeconds);
  }
}

void Metrics::Series::add_labelled() {
  auto& stage_family = prometheus::BuildHistogram()
                           .Name("reranker_stage_duration_seconds")
                           .Help("Time of one request or batch in a stage")
                           .Register(registry);
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    stages[i] = &stage_family.Add(Labels{{"stage", std::string(kStages[i])}}, kSeconds);
  }
  pairs = counters(registry,
                   "reranker_pairs_total",
                   "Pairs answered, by where the score came from",
                   "source",
                   kSources);
  rejected = counters(registry,
                      "reranker_rejected_total",
                      "Requests refused before any work was done",
                      "reason",
                      kReasons);
  redis_errors = counters(registry,
                          "reranker_redis_errors_total",
                          "Redis failures; each is a cache miss, never an error of a request",
                          "kind",
                          kRedisErrors);
  redis_leases = counters(registry,
                          "reranker_redis_leases_total",
                          "What happened to leases on pairs shared between servers",
                          "event",
                          kLeaseEvents);
}

void Metrics::Series::add_build_info(const BuildInfo& build) {
  prometheus::BuildGauge()
      .Name("reranker_build_info")
      .Help("Always 1; the labels say what runs")
      .Register(registry)
      .Add(Labels{{"version", build.version},
                  {"commit", build.commit},
                  {"compiler", build.compiler},
                  {"isa", build.isa},
                  {"quantization", build.quantization}})
      .Set(1);
}

const Metrics::Series::Route& Metrics::Series::route(std::string_view name) const {
  const auto found = routes.find(name);
  return found != routes.end() ? found->second : routes.find("other")->second;
}

std::vector<prometheus::MetricFamily> Metrics::Series::collect() const {
  std::vector<prometheus::MetricFamily> families = registry.Collect();
  // process_* is read at the moment it is asked for. Built as plain families, since a counter of
  // the registry cannot be set.
  const ProcessStats stats = read_process_stats();
  const auto add = [&families](
                       const char* name, const char* help, prometheus::MetricType type, double v) {
    prometheus::ClientMetric metric;
    metric.counter.value = v;
    metric.gauge.value = v;
    families.push_back({name, help, type, {metric}});
  };
  using Type = prometheus::MetricType;
  add("process_cpu_seconds_total", "User and system CPU time", Type::Counter, stats.cpu_seconds);
  add("process_start_time_seconds", "Unix time of start", Type::Gauge, stats.start_time_seconds);
  add("process_resident_memory_bytes", "Resident memory", Type::Gauge, stats.resident_bytes);
  add("process_virtual_memory_bytes", "Virtual memory", Type::Gauge, stats.virtual_bytes);
  add("process_open_fds", "Open file descriptors", Type::Gauge, stats.open_fds);
  add("process_max_fds", "Limit of open file descriptors", Type::Gauge, stats.max_fds);
  add("process_threads", "Threads", Type::Gauge, stats.threads);
  return families;
}

Metrics::Metrics(const std::vector<std::string>& routes, const BuildInfo& build)
    : Metrics([&] {
        auto series = std::make_unique<Series>();
        series->add_routes(routes);
        series->add_labelled();
        series->add_build_info(build);
        return series;
      }()) {}

Metrics::Metrics(std::unique_ptr<Series> series)
    : tokens_total(
          counter(series->registry, "reranker_tokens_total", "Tokens sent through the engine")),
      truncated_pairs_total(counter(series->registry,
                                    "reranker_truncated_pairs_total",
                                    "Computed pairs that were cut to the maximum length")),
      cancelled_pairs_total(counter(series->registry,
                                    "reranker_cancelled_pairs_total",
                                    "Pairs taken out before they were computed")),
      nonfinite_total(counter(series->registry,
                              "reranker_nonfinite_total",
                              "Pairs for which the model gave NaN or infinity")),
      batches_total(counter(series->registry, "reranker_batches_total", "Batches computed")),
      batch_requests(histogram(
          series->registry, "reranker_batch_requests", "Requests in one batch", kRequests)),
      batch_tokens(
          histogram(series->registry, "reranker_batch_tokens", "Tokens in one batch", kTokens)),
      queue_requests(
          gauge(series->registry, "reranker_queue_requests", "Requests that wait for the engine")),
      queue_tokens(
          gauge(series->registry, "reranker_queue_tokens", "Tokens that wait for the engine")),
      active_requests(
          gauge(series->registry, "reranker_active_requests", "Requests with pairs in the engine")),
      local_cache_entries(
          gauge(series->registry, "reranker_local_cache_entries", "Pairs in the in-memory cache")),
      local_cache_bytes(
          gauge(series->registry, "reranker_local_cache_bytes", "Bytes of the in-memory cache")),
      local_cache_hits_total(counter(series->registry,
                                     "reranker_local_cache_hits_total",
                                     "Pairs found in the in-memory cache")),
      local_cache_misses_total(counter(series->registry,
                                       "reranker_local_cache_misses_total",
                                       "Pairs not found in the in-memory cache")),
      local_cache_evictions_total(counter(
          series->registry, "reranker_local_cache_evictions_total", "Pairs evicted to make room")),
      redis_up(gauge(series->registry, "reranker_redis_up", "1 while Redis answers")),
      redis_breaker_open(gauge(series->registry,
                               "reranker_redis_breaker_open",
                               "1 while Redis is left alone after failures")),
      redis_duration(histogram(series->registry,
                               "reranker_redis_duration_seconds",
                               "Time of one Redis command",
                               kSeconds)),
      series_(std::move(series)) {}

Metrics::~Metrics() = default;

prometheus::Counter& Metrics::requests(std::string_view route, int status) {
  return *series_->route(route).requests[code_slot(status)];
}

prometheus::Histogram& Metrics::request_duration(std::string_view route) {
  return *series_->route(route).duration;
}

prometheus::Histogram& Metrics::stage_duration(Stage stage) {
  return *series_->stages[index_of(stage)];
}

prometheus::Counter& Metrics::pairs(PairSource source) {
  return *series_->pairs[index_of(source)];
}

prometheus::Counter& Metrics::rejected(RejectReason reason) {
  return *series_->rejected[index_of(reason)];
}

prometheus::Counter& Metrics::redis_errors(RedisError kind) {
  return *series_->redis_errors[index_of(kind)];
}

prometheus::Counter& Metrics::redis_leases(LeaseEvent event) {
  return *series_->redis_leases[index_of(event)];
}

std::string Metrics::text() {
  return prometheus::TextSerializer().Serialize(series_->collect());
}

namespace {

// Counts print as whole numbers, as readers of JSON expect.
void write_number(JsonText& json, double value) {
  if (std::floor(value) == value && std::abs(value) < 9e15) {
    json.number(static_cast<std::int64_t>(value));
  } else {
    json.number(value);
  }
}

void write_value(JsonText& json,
                 prometheus::MetricType type,
                 const prometheus::ClientMetric& metric) {
  if (type == prometheus::MetricType::Counter) {
    write_number(json, metric.counter.value);
    return;
  }
  if (type == prometheus::MetricType::Gauge) {
    write_number(json, metric.gauge.value);
    return;
  }
  json.open_object().key("count").number(metric.histogram.sample_count).key("sum");
  write_number(json, metric.histogram.sample_sum);
  json.key("buckets").open_object();  // cumulative, by upper bound
  for (const auto& bucket : metric.histogram.bucket) {
    json.key(std::isinf(bucket.upper_bound) ? "+Inf" : json_number(bucket.upper_bound))
        .number(bucket.cumulative_count);
  }
  json.close_object().close_object();
}

}  // namespace

// {"reranker_tokens_total":12,"reranker_pairs_total":[{"source":"computed","value":3},…],…}
std::string Metrics::json() {
  JsonText json;
  json.open_object();
  for (const prometheus::MetricFamily& family : series_->collect()) {
    json.key(family.name);
    if (family.metric.size() == 1 && family.metric.front().label.empty()) {
      write_value(json, family.type, family.metric.front());
      continue;
    }
    json.open_array();
    for (const prometheus::ClientMetric& metric : family.metric) {
      json.open_object();
      for (const auto& label : metric.label) {
        json.key(label.name).string(label.value);
      }
      json.key("value");
      write_value(json, family.type, metric);
      json.close_object();
    }
    json.close_array();
  }
  json.close_object();
  return std::move(json).text();
}

}  // namespace rr::metrics
