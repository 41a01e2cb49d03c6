// ScoreCache: the shared tier behind the in-memory one, one of the four virtual seams. Redis
// implements it; NoScoreCache is what runs with REDIS_ENABLED=false; FakeScoreCache serves tests.
//
// Protocol per request (all pairs of one QueryKey; any number of documents):
//   1. lookup_and_claim(): one round trip. Every document comes back as a score, as claimed by us
//   (we must compute it),
//      or as being computed by another server. Scores of the latter arrive later through the same
//      callback.
//   2. store() what was computed, or release() what will not be. Neither is waited for.
// A sick cache is a miss: every callback is called exactly once per document, within the budget the
// implementation was given plus, for remote waits, one lease; when in doubt a document is answered
// kCompute. Callbacks come on the cache's own thread and must not block. Calls are thread-safe and
// never block.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/deadline.h"
#include "cache/pair_key.h"

namespace rr::cache {

struct RemoteAnswer {
  enum class Kind {
    kScore,    // `score` holds it
    kCompute,  // ours to compute: claimed, or the cache cannot help
  };
  std::size_t index = 0;  // into the documents of the lookup
  Kind kind = Kind::kCompute;
  bool joined = false;  // a score that another server computed while we waited
  CachedScore score;
};

// Called one or more times until every index has been answered once. `waiting` = documents now
// known to be computed elsewhere and still to come; it is 0 in the last call.
using RemoteAnswerCallback =
    std::function<void(std::span<const RemoteAnswer> answers, std::size_t waiting)>;

struct RemoteStats {
  bool enabled = false;
  bool connected = false;
  std::uint64_t cached_entries = 0;
  std::uint64_t keyspace_hits = 0;
  std::uint64_t keyspace_misses = 0;
};

class ScoreCache {
 public:
  virtual ~ScoreCache() = default;
  virtual void lookup_and_claim(const QueryKey& query,
                                std::vector<Digest128> documents,
                                Deadline deadline,
                                RemoteAnswerCallback callback) = 0;
  virtual void store(const QueryKey& query,
                     std::vector<std::pair<Digest128, CachedScore>> scores) = 0;
  virtual void release(const QueryKey& query, std::vector<Digest128> documents) = 0;
  // The engine has begun on documents that were answered kCompute: their claims are kept alive
  // until store() or release(). Claims that are not begun within one lease are given up; when their
  // turn comes, ask for them again.
  virtual void start(const QueryKey& query, std::vector<Digest128> documents) = 0;
  virtual RemoteStats stats() const = 0;
};

// Nothing is shared: every document is answered kCompute at once, on the caller's thread.
std::unique_ptr<ScoreCache> make_no_score_cache();

}  // namespace rr::cache
