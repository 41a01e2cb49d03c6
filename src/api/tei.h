// Text Embeddings Inference's /rerank: `texts` in, a bare array out, equal scores highest index
// first, every text returned, flat errors. Objects with a text are accepted among the texts (a
// client sends them), numbers are not. Pure. Tested by read_request_test.cpp,
// render_answer_test.cpp and client_rows_test.cpp.
#pragma once

#include <string>

#include "api/call.h"
#include "api/fields.h"

namespace rr::api {

ReadOutcome read_tei(const FieldTable& table, const ReadOptions& options, TimePoint arrival);
std::string render_tei(const AnswerPlan& plan, const rerank::RerankResponse& response);

// TEI's success headers as "name: value\r\n" lines; times are whole milliseconds, the last three
// means per pair.
std::string tei_headers(const AnswerPlan& plan,
                        const rerank::RerankResponse& response,
                        double took_ms);

}  // namespace rr::api
