// The distributed cache: scores shared by all servers of one fingerprint through Redis, behind the
// ScoreCache seam. One thread owns the connections (REDIS_POOL_SIZE pipelined ones and one for
// notifications) and the protocol's state; calls from outside are handed to it and never block. A
// sick Redis is a miss and a counter: the start does not wait for it, requests lose at most
// `timeout`, and once the breaker is open they lose nothing.
// The destructor answers what is open with kCompute, gives the leases back (at most 250 ms) and
// ends the thread. Metrics: reranker_redis_*. Tested by redis_live_redis_test.cpp and
// redis_fault_redis_test.cpp.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "cache/redis_options.h"
#include "cache/score_cache.h"
#include "metrics/metrics.h"

namespace rr::cache {

// kInvalidArgument when a TLS file cannot be used. `metrics` and `clock` must outlive the cache;
// `clock` must be real, since the loop waits by it.
Result<std::unique_ptr<ScoreCache>> make_redis_score_cache(const RedisOptions& options,
                                                           metrics::Metrics& metrics,
                                                           const Clock& clock);

}  // namespace rr::cache
