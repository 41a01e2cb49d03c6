// What one request asks and what it gets, in the field's own words; no HTTP, no JSON.
// Values; moved from floor to floor.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/result.h"
#include "rerank/shared_texts.h"
#include "text/tokenizer.h"

namespace rr::rerank {

struct RerankRequest {
  // One query for all documents, or one per document (the /score dialects). Valid UTF-8. Never
  // empty.
  std::vector<std::string> queries;
  SharedTexts documents;  // valid UTF-8

  // The input profile: what this request changes about the input. Part of the pair key.
  text::TruncationSide truncation_side = text::TruncationSide::kRight;
  int max_query_tokens = 0;     // 0 = no cap
  int max_document_tokens = 0;  // 0 = no cap
  int max_length = 0;           // 0 = the server's; never above it

  bool truncate = true;  // false: a pair that is too long fails the request with kUnprocessable,
                         // fresh or cached
  Deadline deadline = Deadline::never();
  CancelToken cancel;
};

struct PairScore {
  float logit = 0;  // raw model output
  bool truncated = false;
};

struct RerankResponse {
  std::vector<PairScore> scores;     // [documents], in input order
  std::int64_t computed_tokens = 0;  // tokens this request really sent through the engine
  int computed_pairs = 0;
  int cached_pairs = 0;  // from memory, Redis, or joined to a computation somebody else asked for
  Duration tokenize_time{};
  Duration queue_time{};
  Duration inference_time{};
};

// How a request ends. Codes of a failure: kOverloaded (refused before any work), kDeadlineExceeded
// (deadline, queue timeout, worker timeout), kUnavailable (not ready, draining), kUnprocessable
// (too long with truncate:false), kNonFinite and kDeviceFailure (the message names the document's
// index), kCancelled (nobody reads the answer), kInvalidArgument (no documents, queries that do not
// match them).
struct RerankOutcome {
  Result<RerankResponse> result;
  int retry_after_s = 0;  // whole seconds for Retry-After, at least 1 with kOverloaded; else 0
};

// Called exactly once, on any thread; must not block.
using RerankCallback = std::function<void(RerankOutcome)>;

}  // namespace rr::rerank
