// What a body turns into: a RerankRequest for the floors below and an AnswerPlan that remembers how
// this client wants to be answered; or a RequestError. Values, moved from the reader to the
// connection and, with the response, to the renderer. Sources of every shape:
// docs/API.md. Tested by read_request_test.cpp and render_answer_test.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "rerank/request.h"
#include "rerank/score.h"

namespace rr::api {

// Which handler the path chose; the body decides the rest (read_request.h).
enum class InferenceRoute {
  kRerank,    // /rerank
  kCommon,    // /v1/rerank and its aliases
  kCohereV2,  // /v2/rerank
  kTei,       // /, /invocations
  kScore,     // /score, /v1/score
  kPredict,   // /predict
};

enum class AnswerShape {
  kCommon,        // object with results and data, documents as {"text"}
  kSeed,          // the same without data, documents as they were sent
  kCohereV2,      // the same as kCommon, api_version 2
  kTei,           // bare array, equal scores highest index first
  kScore,         // list of scores in input order
  kPredictOne,    // one list of labels
  kPredictBatch,  // a list of them
};

// kUnion suits the readers of OpenAI, Jina, Voyage and Cohere errors at once; kTei is flat.
enum class ErrorForm { kUnion, kTei };

// TEI's error_type, PascalCase on the wire.
enum class TeiErrorType { kUnhealthy, kBackend, kOverloaded, kValidation, kTokenizer, kEmpty };

struct RequestError {
  int http_status = 400;
  std::string message;
  ErrorForm form = ErrorForm::kUnion;
  TeiErrorType tei_type = TeiErrorType::kValidation;
};

// A document as the answer shows it.
struct EchoDocument {
  std::string_view text;    // what was scored; into the plan's `texts`
  std::string object_json;  // the object that was sent, `text` added; empty for plain strings
  std::string id_json;      // that object's `id` as JSON; empty when it has none
};

struct AnswerPlan {
  AnswerShape shape = AnswerShape::kCommon;
  ErrorForm error_form = ErrorForm::kUnion;
  rerank::ScoreRule score_rule = rerank::ScoreRule::kSigmoid;
  std::size_t top_n = 0;                // 0 = all
  std::string_view api_version = "1";   // meta.api_version.version; points at a literal
  rerank::SharedTexts texts;            // the request's documents, which `documents` show
  std::vector<EchoDocument> documents;  // [documents] when they are to be returned, else empty
  std::size_t characters = 0;           // of queries and documents, in bytes
};

struct InferenceCall {
  rerank::RerankRequest request;
  AnswerPlan plan;
};

using ReadOutcome = std::variant<InferenceCall, RequestError>;

// What the reader must know about the server.
struct ReadOptions {
  int max_documents = 10'000;
  bool return_documents = true;                                // default of /rerank and /v1/rerank
  rerank::ScoreRule score_rule = rerank::ScoreRule::kSigmoid;  // when the request says nothing
};

}  // namespace rr::api
