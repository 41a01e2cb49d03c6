#include "http/site.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/answer.h"
#include "api/error_map.h"
#include "api/health.h"
#include "api/info.h"
#include "api/models.h"
#include "api/tei.h"

namespace rr::http {

namespace {

using api::ErrorForm;
using api::RequestError;

bool is_get(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

ErrorForm error_form(const Route& route) {
  return route.post ? api::error_form_of(*route.post) : ErrorForm::kUnion;
}

HttpAnswer json_answer(int status, std::string body) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

HttpAnswer preflight() {
  HttpAnswer answer;
  answer.status = 204;
  answer.content_type = {};
  answer.extra_headers =
      "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n"
      "Access-Control-Allow-Headers: Authorization, Content-Type, X-Request-Id\r\n"
      "Access-Control-Max-Age: 86400\r\n";
  return answer;
}

}  // namespace

Site::Site(SiteOptions options, Service service, metrics::Metrics& metrics, const Clock& clock)
    : options_(std::move(options)),
      service_(std::move(service)),
      metrics_(metrics),
      clock_(clock),
      keys_(options_.api_keys),
      started_(clock.now()),
      started_unix_s_(clock.unix_seconds()) {
  RR_CHECK(service_.rerank != nullptr && service_.state != nullptr && service_.model != nullptr);
}

std::optional<HttpAnswer> Site::refuse_method(const Route& route, const RequestHead& head) const {
  const bool allowed =
      is_get(head.method) ? route.get.has_value() : head.method == "POST" && route.post.has_value();
  if (allowed) {
    return std::nullopt;
  }
  HttpAnswer answer = error_answer(
      {405,
       fmt::format("{} does not take this method: use {}", route.path, allowed_methods(route)),
       error_form(route)});
  answer.extra_headers = fmt::format("Allow: {}\r\n", allowed_methods(route));
  return answer;
}

std::optional<HttpAnswer> Site::refuse_key(const Route& route, const RequestHead& head) const {
  const bool open = is_get(head.method) && route.get_access == Access::kOpen;
  if (open || !keys_.required() || keys_.allow(head.authorization)) {
    return std::nullopt;
  }
  metrics_.rejected(metrics::RejectReason::kUnauthorized).Increment();
  HttpAnswer answer =
      error_answer({401,
                    "the API key is missing or wrong: send Authorization: Bearer <key>",
                    error_form(route)});
  answer.extra_headers = "WWW-Authenticate: Bearer\r\n";
  return answer;
}

Screening Site::screen(const RequestHead& head) const {
  Screening screening;
  screening.match = match_route(head.target);
  const Route* const route = screening.match.route;
  screening.label = route == nullptr ? "other" : route->path;
  if (head.method == "OPTIONS" && !cors_origin(head.origin).empty()) {
    screening.refusal = preflight();
  } else if (route == nullptr) {
    screening.refusal = error_answer({404, "no such route; docs/API.md lists them all"});
  } else if (auto wrong_method = refuse_method(*route, head)) {
    screening.refusal = std::move(wrong_method);
  } else if (auto no_key = refuse_key(*route, head)) {
    screening.refusal = std::move(no_key);
  } else if (head.method == "POST" && !is_json_type(head.content_type)) {
    screening.refusal =
        error_answer({415, "Content-Type must be application/json", error_form(*route)});
  } else if (head.method == "POST" && !head.content_encoding.empty() &&
             head.content_encoding != "identity") {
    screening.refusal = error_answer(
        {415, "Content-Encoding is not supported: send the body as it is", error_form(*route)});
  }
  return screening;
}

HttpAnswer Site::get(const RouteMatch& match, const RequestHead& head) const {
  const auto unix_s = static_cast<std::int64_t>(started_unix_s_);
  switch (*match.route->get) {
    case GetEndpoint::kHealth:
      return health();
    case GetEndpoint::kLive:
      return json_answer(200, api::render_status("ok"));
    case GetEndpoint::kReady:
      return ready();
    case GetEndpoint::kPing:
      return ping();
    case GetEndpoint::kInfo:
      return info();
    case GetEndpoint::kModels:
      return json_answer(200, api::render_model_list(*service_.model, unix_s));
    case GetEndpoint::kModel:
      return model(match.rest);
    case GetEndpoint::kStats:
      return json_answer(200, metrics_.json());
    case GetEndpoint::kMetrics:
      break;
  }
  if (accepts_json(head.accept)) {
    return json_answer(200, metrics_.json());
  }
  HttpAnswer answer = json_answer(200, metrics_.text());
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return answer;
}

HttpAnswer Site::health() const {
  const rerank::ServiceState state = service_.state();
  const api::HealthFacts facts{
      options_.version, to_seconds(clock_.now() - started_), clock_.unix_seconds(), draining()};
  const int status = api::health_status(state, facts) == "ok" ? 200 : 503;
  return json_answer(status, api::render_health(*service_.model, state, facts));
}

HttpAnswer Site::ready() const {
  api::HealthFacts facts;
  facts.draining = draining();
  const std::string_view status = api::health_status(service_.state(), facts);
  return json_answer(status == "ok" ? 200 : 503, api::render_status(status));
}

// Text Embeddings Inference: an empty 200, or its flat error.
HttpAnswer Site::ping() const {
  if (service_.state().ready) {
    HttpAnswer answer;
    answer.content_type = {};
    return answer;
  }
  return error_answer(
      {503, "the model is not ready", ErrorForm::kTei, api::TeiErrorType::kUnhealthy});
}

HttpAnswer Site::model(std::string_view id) const {
  if (id != service_.model->name) {
    return error_answer(
        {404, fmt::format("no such model: this server has {}", service_.model->name)});
  }
  const auto unix_s = static_cast<std::int64_t>(started_unix_s_);
  return json_answer(200, api::render_model(*service_.model, unix_s));
}

HttpAnswer Site::info() const {
  const api::InfoFacts facts{options_.version,
                             options_.commit,
                             options_.read.max_documents,
                             options_.max_batch_tokens,
                             options_.threads};
  return json_answer(200, api::render_info(*service_.model, service_.state(), facts));
}

api::ReadOutcome Site::read(api::JsonReader& reader,
                            api::InferenceRoute route,
                            const std::string& body,
                            TimePoint arrival) const {
  return api::read_request(reader, route, body, options_.read, arrival);
}

HttpAnswer Site::answer(const api::AnswerPlan& plan,
                        const rerank::RerankOutcome& outcome,
                        TimePoint arrival,
                        std::string_view id) const {
  if (!outcome.result.ok()) {
    HttpAnswer answer = error_answer(api::error_of(outcome.result.status(), plan.error_form));
    answer.retry_after_s = outcome.retry_after_s;
    return answer;
  }
  const TimePoint start = clock_.now();
  const double took_ms = to_milliseconds(start - arrival);
  const api::AnswerFacts facts{
      service_.model->name, id, static_cast<std::int64_t>(clock_.unix_seconds()), took_ms};
  HttpAnswer answer = json_answer(200, api::render_answer(plan, *outcome.result, facts));
  if (plan.shape == api::AnswerShape::kTei) {
    answer.extra_headers = api::tei_headers(plan, *outcome.result, took_ms);
  }
  metrics_.stage_duration(metrics::Stage::kRender).Observe(to_seconds(clock_.now() - start));
  return answer;
}

std::string_view Site::cors_origin(std::string_view origin) const {
  if (origin.empty()) {
    return {};
  }
  for (const std::string& allowed : options_.cors_origins) {
    if (allowed == "*" || allowed == origin) {
      return allowed;
    }
  }
  return {};
}

}  // namespace rr::http
