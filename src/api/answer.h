// What every answer is made of beside the scores. Pure. Tested by
// render_answer_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/call.h"

namespace rr::api {

struct AnswerFacts {
  std::string_view model;    // served name
  std::string_view id;       // 32 hex digits, without a prefix
  std::int64_t created = 0;  // Unix seconds
  double took_ms = 0;        // since the request was read
};

// One answer body, by the plan's shape. The response must have as many scores as the request had
// documents.
std::string render_answer(const AnswerPlan& plan,
                          const rerank::RerankResponse& response,
                          const AnswerFacts& facts);

}  // namespace rr::api
