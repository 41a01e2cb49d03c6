// One shard of the in-memory cache: a bounded table of PairKey -> CachedScore with the S3-FIFO
// eviction policy (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO Queues are All You Need for Cache
// Eviction", SOSP 2023). Three FIFO queues:
//   small  10 % of the entries; every newcomer starts here, so that a scan passes through it and
//          leaves what is popular alone
//   main   what was asked for again while it was in small, or soon after it left
//   ghost  fingerprints of what left small lately, no values
// A hit only raises a two-bit counter; nothing moves until room is needed.
// Bounded in bytes: nodes, hash table and ghost table are all counted at the sizes they can reach,
// a growing hash table's old half included; memory is taken in blocks as entries come, so that an
// empty shard costs nearly nothing. An expired entry is never returned.
// Not thread-safe: LocalCache holds a lock per shard. Cost of every call: O(1) amortised, but
// erase_expired() walks all entries. Tested by s3_fifo_shard_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "cache/pair_key.h"

namespace rr::cache {

class S3FifoShard {
 public:
  explicit S3FifoShard(std::size_t max_bytes);

  // `hash` is PairKeyHash of the key; the caller has it already.
  std::optional<CachedScore> find(const PairKey& key, std::size_t hash, TimePoint now);
  // Adds or replaces. Evicts when full.
  void insert(const PairKey& key,
              std::size_t hash,
              const CachedScore& score,
              TimePoint expires,
              TimePoint now);
  void erase_expired(TimePoint now);

  std::size_t capacity() const { return capacity_; }
  std::size_t entries() const { return entries_; }
  std::size_t bytes() const;  // held now
  std::uint64_t evictions() const { return evictions_; }

  // The largest number of entries whose full memory stays within max_bytes.
  static std::size_t entries_for(std::size_t max_bytes);

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};

  struct Node {
    PairKey key;
    TimePoint expires;
    float logit = 0;
    Index bucket_next = kNone;
    Index queue_next = kNone;
    std::uint8_t frequency = 0;
    bool truncated = false;
    bool live = false;  // false: no longer in the hash table, its place in a queue remains
  };

  struct Queue {
    Index oldest = kNone;
    Index newest = kNone;
    std::size_t size = 0;
  };

  struct Ghost {
    std::uint32_t fingerprint = 0;
    std::uint32_t stamp = 0;  // 0 = empty
  };

  Node& node(Index index) { return blocks_[index / kBlock][index % kBlock]; }
  Index find_live(const PairKey& key, std::size_t hash);
  void link(Index index, std::size_t hash);
  void unlink(Index index);
  void grow_buckets();
  Index take_free_node();
  void free_node(Index index);
  void push(Queue& queue, Index index);
  Index pop(Queue& queue);
  void erase_expired(Queue& queue, TimePoint now);
  void evict_one(TimePoint now);
  bool evict_from_small(TimePoint now);
  bool evict_from_main(TimePoint now);
  void evict(Index index);
  void remember_ghost(std::size_t hash);
  bool forget_ghost(std::size_t hash);

  static constexpr std::size_t kBlock = 256;  // nodes taken at once
  static std::size_t table_slots(std::size_t entries);

  std::size_t capacity_;
  std::size_t entries_ = 0;  // live
  std::size_t used_ = 0;     // live or waiting in a queue to be freed
  std::uint64_t evictions_ = 0;
  std::vector<std::unique_ptr<Node[]>> blocks_;
  Index free_ = kNone;
  std::vector<Index> buckets_;
  Queue small_;
  Queue main_;
  std::vector<Ghost> ghosts_;  // empty until the first eviction
  std::uint32_t ghost_stamp_ = 0;
};

}  // namespace rr::cache
