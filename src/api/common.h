// The common object form: one request and one answer for the clients of Cohere v1 and v2, Jina,
// Voyage, vLLM, Infinity, llama.cpp, Xinference, LocalAI and the seed service, found undetected
// because each reads only its own part. docs/API.md, "POST /rerank", has the fields. Pure. Tested
// by read_request_test.cpp, render_answer_test.cpp and client_rows_test.cpp.
#pragma once

#include <string>

#include "api/answer.h"
#include "api/fields.h"

namespace rr::api {

ReadOutcome read_common(const FieldTable& table,
                        InferenceRoute route,
                        const ReadOptions& options,
                        TimePoint arrival);

std::string render_common(const AnswerPlan& plan,
                          const rerank::RerankResponse& response,
                          const AnswerFacts& facts);

}  // namespace rr::api
