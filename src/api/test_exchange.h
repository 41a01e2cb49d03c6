// One request and its answer without sockets, as tests see it: the body goes through read_request,
// a document's logit is its length in bytes less three (or as given), the answer is rendered.
// `Json` reads answers the way clients do. Test code only. Tested by read_request_test.cpp, which
// it serves.
#pragma once

#include <simdjson.h>

#include <map>
#include <string>
#include <vector>

#include "api/answer.h"
#include "api/error_map.h"
#include "api/read_request.h"

namespace rr::api {

struct Exchange {
  int status = 0;
  std::string body;
};

// The server as far as this folder goes.
class Desk {
 public:
  ReadOptions options;
  std::map<std::string, float> logits;  // by document text; others by length
  bool truncated = false;               // every pair was cut

  ReadOutcome read(InferenceRoute route, const std::string& body) {
    return read_request(reader_, route, body, options, TimePoint());
  }

  Exchange ask(InferenceRoute route, const std::string& body) {
    ReadOutcome outcome = read(route, body);
    if (const auto* error = std::get_if<RequestError>(&outcome)) {
      return {error->http_status, render_error(*error)};
    }
    const auto& call = std::get<InferenceCall>(outcome);
    return {200, render_answer(call.plan, score(call.request), facts())};
  }

  rerank::RerankResponse score(const rerank::RerankRequest& request) const {
    rerank::RerankResponse response;
    for (const std::string& document : request.documents) {
      const auto known = logits.find(document);
      const float logit =
          known != logits.end() ? known->second : static_cast<float>(document.size()) - 3.0F;
      response.scores.push_back({logit, truncated});
    }
    response.computed_tokens = 42;
    response.cached_pairs = 1;
    return response;
  }

  static AnswerFacts facts() {
    return {"served-model", "00112233445566778899aabbccddeeff", 1'760'000'000, 1.5};
  }

 private:
  JsonReader reader_;
};

// An answer parsed; `at` fails the test by throwing simdjson's error when a client's read would.
class Json {
 public:
  explicit Json(const std::string& text) : root_(parser_.parse(text)) {}
  simdjson::dom::element operator*() const { return root_; }
  bool has(const char* pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  std::string string(const char* pointer) const {
    return std::string(std::string_view(root_.at_pointer(pointer).get_string()));
  }
  double number(const char* pointer) const { return root_.at_pointer(pointer).get_double(); }
  std::int64_t integer(const char* pointer) const { return root_.at_pointer(pointer).get_int64(); }
  std::size_t size(const char* pointer) const {
    return simdjson::dom::array(root_.at_pointer(pointer).get_array()).size();
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

}  // namespace rr::api
