// Any bytes as a body, on every inference route: no crash; what is accepted is consistent and is
// answered with valid JSON, what is refused too. The first byte chooses the route.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "api/answer.h"
#include "api/error_map.h"
#include "api/read_request.h"
#include "base/check.h"
#include "base/utf8.h"

namespace {

using namespace rr;

constexpr api::InferenceRoute kRoutes[] = {api::InferenceRoute::kRerank,
                                           api::InferenceRoute::kCommon,
                                           api::InferenceRoute::kCohereV2,
                                           api::InferenceRoute::kTei,
                                           api::InferenceRoute::kScore,
                                           api::InferenceRoute::kPredict};

void check_json(const std::string& text) {
  simdjson::dom::parser parser;
  RR_CHECK(parser.parse(text).error() == simdjson::SUCCESS);
}

void check_request(const rerank::RerankRequest& request) {
  RR_CHECK(!request.documents.empty());
  RR_CHECK(request.queries.size() == 1 || request.queries.size() == request.documents.size());
  for (const std::string& document : request.documents) {
    RR_CHECK(utf8_find_invalid(document) == std::string::npos);
  }
  RR_CHECK(request.max_document_tokens >= 0 && request.max_query_tokens >= 0);
  RR_CHECK(request.max_length >= 0);
}

void check_answer(const api::InferenceCall& call) {
  rerank::RerankResponse response;
  for (const std::string& document : call.request.documents) {
    response.scores.push_back({static_cast<float>(document.size()) - 3.0F, document.empty()});
  }
  check_json(api::render_answer(call.plan, response, {"model", "id", 1, 1.5}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  static api::JsonReader reader;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto route = kRoutes[data[0] % std::size(kRoutes)];
  const api::ReadOutcome outcome = api::read_request(reader, route, body, {}, {});
  if (const auto* error = std::get_if<api::RequestError>(&outcome)) {
    RR_CHECK(error->http_status == 400 || error->http_status == 422 || error->http_status == 504);
    check_json(api::render_error(*error));
    return 0;
  }
  const auto& call = std::get<api::InferenceCall>(outcome);
  check_request(call.request);
  check_answer(call);
  return 0;
}
