#include "cache/local_cache.h"

#include <algorithm>
#include <bit>

namespace rr::cache {

namespace {

constexpr std::size_t kShardsMax = 32;
constexpr std::size_t kShardBytesMin = 256 << 10;  // below this a shard's bounds get coarse

std::size_t shard_count(const LocalCacheOptions& options) {
  if (options.max_bytes == 0 || options.ttl <= Duration::zero()) {
    return 0;
  }
  return std::clamp<std::size_t>(std::bit_floor(options.max_bytes / kShardBytesMin), 1, kShardsMax);
}

}  // namespace

LocalCache::LocalCache(const LocalCacheOptions& options,
                       metrics::Metrics& metrics,
                       const Clock& clock)
    : ttl_(options.ttl), metrics_(metrics), clock_(clock) {
  const std::size_t count = shard_count(options);
  for (std::size_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(options.max_bytes / count));
  }
}

std::optional<CachedScore> LocalCache::find(const PairKey& key) {
  if (!enabled()) {
    return std::nullopt;
  }
  const auto found = peek(key);
  (found ? metrics_.local_cache_hits_total : metrics_.local_cache_misses_total).Increment();
  return found;
}

std::optional<CachedScore> LocalCache::peek(const PairKey& key) {
  if (!enabled()) {
    return std::nullopt;
  }
  const std::size_t hash = PairKeyHash()(key);
  const TimePoint now = clock_.now();
  Shard& shard = shard_of(hash);
  MutexLock lock(shard.mutex);
  return shard.table.find(key, hash, now);
}

void LocalCache::insert(const PairKey& key, const CachedScore& score) {
  if (!enabled()) {
    return;
  }
  const std::size_t hash = PairKeyHash()(key);
  const TimePoint now = clock_.now();
  Shard& shard = shard_of(hash);
  MutexLock lock(shard.mutex);
  const Size before = size_of(shard.table);
  shard.table.insert(key, hash, score, now + ttl_, now);
  publish(before, size_of(shard.table));
}

void LocalCache::erase_expired() {
  for (const auto& shard : shards_) {
    const TimePoint now = clock_.now();
    MutexLock lock(shard->mutex);
    const Size before = size_of(shard->table);
    shard->table.erase_expired(now);
    publish(before, size_of(shard->table));
  }
}

LocalCacheFacts LocalCache::facts() {
  LocalCacheFacts facts;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    facts.entries += shard->table.entries();
    facts.bytes += shard->table.bytes();
    facts.evictions += shard->table.evictions();
  }
  facts.hits = static_cast<std::uint64_t>(metrics_.local_cache_hits_total.Value());
  facts.misses = static_cast<std::uint64_t>(metrics_.local_cache_misses_total.Value());
  return facts;
}

LocalCache::Size LocalCache::size_of(const S3FifoShard& table) {
  return {table.entries(), table.bytes(), table.evictions()};
}

// The high bits: the low ones choose the bucket inside the shard.
LocalCache::Shard& LocalCache::shard_of(std::size_t hash) {
  return *shards_[(hash >> 48) & (shards_.size() - 1)];
}

void LocalCache::publish(const Size& before, const Size& after) {
  if (before.entries != after.entries) {
    metrics_.local_cache_entries.Increment(static_cast<double>(after.entries) -
                                           static_cast<double>(before.entries));
  }
  if (before.bytes != after.bytes) {
    metrics_.local_cache_bytes.Increment(static_cast<double>(after.bytes) -
                                         static_cast<double>(before.bytes));
  }
  if (before.evictions != after.evictions) {
    metrics_.local_cache_evictions_total.Increment(
        static_cast<double>(after.evictions - before.evictions));
  }
}

}  // namespace rr::cache
