// Sends many requests through a Reranker, a few at a time so that every worker is busy, and hands
// the outcomes over in the order of the requests, on the calling thread. For the commands that
// score files. Tested by score_stream_test.cpp.
#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "rerank/request.h"

namespace rr::cli {

constexpr std::size_t kPairsPerRequest = 64;

struct ScoreStream {
  std::function<void(rerank::RerankRequest, rerank::RerankCallback)> rerank;
  // The next request; nullopt when there are no more.
  std::function<Result<std::optional<rerank::RerankRequest>>()> next;
  // The response to the oldest request that was not taken yet.
  std::function<Status(rerank::RerankResponse)> take;
  std::size_t in_flight_max = 0;  // requests, at least 1
};

// The first failure of next, rerank or take; returns only when nothing is in flight any more.
Status run_score_stream(const ScoreStream& stream);

}  // namespace rr::cli
