// vLLM's /score: queries and documents under four pairs of names, 1:1, 1:N or N:N, answered in
// input order. Pure. Tested by read_request_test.cpp, render_answer_test.cpp and
// client_rows_test.cpp.
#pragma once

#include <string>

#include "api/answer.h"
#include "api/fields.h"

namespace rr::api {

ReadOutcome read_score(const FieldTable& table, const ReadOptions& options, TimePoint arrival);
std::string render_score(const AnswerPlan& plan,
                         const rerank::RerankResponse& response,
                         const AnswerFacts& facts);

}  // namespace rr::api
