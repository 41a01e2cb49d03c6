// What each route answers, without sockets: screening by head alone, the GET endpoints, bodies to
// calls, outcomes to answers. Shared by all connections; const after construction but for the
// draining flag, so thread-safe. Tested by site_test.cpp.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/read_request.h"
#include "http/answer_head.h"
#include "http/headers.h"
#include "http/routes.h"
#include "http/service.h"
#include "http/site_options.h"
#include "metrics/metrics.h"

namespace rr::http {

// The parts of a request's head that decide something; views into the parser's message.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view authorization;
  std::string_view accept;
  std::string_view origin;
};

struct Screening {
  RouteMatch match;
  std::string_view label;             // of the route, for metrics
  std::optional<HttpAnswer> refusal;  // set: this is the answer, whatever the body
};

class Site {
 public:
  Site(SiteOptions options, Service service, metrics::Metrics& metrics, const Clock& clock);

  // 404, 405, 401, 415 and CORS preflights.
  Screening screen(const RequestHead& head) const;

  // A GET or HEAD that passed screening.
  HttpAnswer get(const RouteMatch& match, const RequestHead& head) const;

  api::ReadOutcome read(api::JsonReader& reader,
                        api::InferenceRoute route,
                        const std::string& body,
                        TimePoint arrival) const;

  // `id`: 32 hex digits for the answer.
  HttpAnswer answer(const api::AnswerPlan& plan,
                    const rerank::RerankOutcome& outcome,
                    TimePoint arrival,
                    std::string_view id) const;

  // The Access-Control-Allow-Origin for this Origin, or empty.
  std::string_view cors_origin(std::string_view origin) const;

  const Service& service() const { return service_; }
  metrics::Metrics& metrics() const { return metrics_; }
  const Clock& clock() const { return clock_; }

  // From here on /ready and /health say 503 and answers close their connection.
  void start_draining() { draining_.store(true); }
  bool draining() const { return draining_.load(std::memory_order_relaxed); }

 private:
  HttpAnswer health() const;
  HttpAnswer ready() const;
  HttpAnswer ping() const;
  HttpAnswer model(std::string_view id) const;
  HttpAnswer info() const;
  std::optional<HttpAnswer> refuse_method(const Route& route, const RequestHead& head) const;
  std::optional<HttpAnswer> refuse_key(const Route& route, const RequestHead& head) const;

  SiteOptions options_;
  Service service_;
  metrics::Metrics& metrics_;
  const Clock& clock_;
  ApiKeys keys_;
  TimePoint started_;
  double started_unix_s_;
  std::atomic<bool> draining_{false};
};

}  // namespace rr::http
