// TEI's /predict on a reranker: one pair `["a","b"]` or a batch of pairs, answered with the one
// label of the model. A single text is no pair and is refused. Pure. Tested by
// read_request_test.cpp and render_answer_test.cpp.
#pragma once

#include <string>

#include "api/call.h"
#include "api/fields.h"

namespace rr::api {

ReadOutcome read_predict(const FieldTable& table, const ReadOptions& options, TimePoint arrival);
std::string render_predict(const AnswerPlan& plan, const rerank::RerankResponse& response);

}  // namespace rr::api
