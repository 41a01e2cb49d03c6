// LocalCache: the in-memory tier in front of the shared ScoreCache. PairKey -> CachedScore,
// bounded in bytes, split into shards (S3FifoShard) with a lock each; an entry lives for `ttl` and
// is never returned after it. Holds what was computed only: errors are never stored.
// Off (max_bytes or ttl 0): find() misses, insert() does nothing, no memory.
// Thread-safe. Cost: one uncontended lock and one or two cache misses a call; erase_expired() locks
// one shard after the other. Keeps the series reranker_local_cache_{entries,bytes,evictions_total}
// true; hits and misses are counted by find(). Tested by local_cache_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cache/pair_key.h"
#include "cache/s3_fifo_shard.h"
#include "metrics/metrics.h"

namespace rr::cache {

struct LocalCacheOptions {
  std::size_t max_bytes = 256 << 20;  // 0 = off
  Duration ttl = std::chrono::seconds(300);
};

struct LocalCacheFacts {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
};

class LocalCache {
 public:
  LocalCache(const LocalCacheOptions& options, metrics::Metrics& metrics, const Clock& clock);

  bool enabled() const { return !shards_.empty(); }
  std::optional<CachedScore> find(const PairKey& key);
  // As find, but counts nothing: a second look just before work is begun.
  std::optional<CachedScore> peek(const PairKey& key);
  void insert(const PairKey& key, const CachedScore& score);
  void erase_expired();
  LocalCacheFacts facts();

 private:
  struct Shard {
    explicit Shard(std::size_t max_bytes) : table(max_bytes) {}
    Mutex mutex;
    S3FifoShard table RR_GUARDED_BY(mutex);
  };
  struct Size {
    std::size_t entries;
    std::size_t bytes;
    std::uint64_t evictions;
  };
  static Size size_of(const S3FifoShard& table);
  Shard& shard_of(std::size_t hash);
  // Adds the difference that one call made to the metrics.
  void publish(const Size& before, const Size& after);

  const Duration ttl_;
  metrics::Metrics& metrics_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Shard>> shards_;  // a power of two, or none
};

}  // namespace rr::cache
