#include "cache/s3_fifo_shard.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace rr::cache {

namespace {

constexpr std::uint8_t kFrequencyMax = 3;  // two bits, as in the paper
constexpr std::size_t kGhostWays = 4;      // slots of one set of the ghost table
constexpr std::size_t kFirstBuckets = 64;

// The shard was chosen by other bits of the hash; its low bits choose the bucket.
std::uint32_t fingerprint_of(std::size_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

std::size_t S3FifoShard::table_slots(std::size_t entries) {
  return std::bit_ceil(std::max(entries, kFirstBuckets));
}

std::size_t S3FifoShard::entries_for(std::size_t max_bytes) {
  const auto bytes_for = [](std::size_t entries) {
    const std::size_t blocks = (entries + kBlock - 1) / kBlock;
    const std::size_t slots = table_slots(entries);
    return blocks * (kBlock * sizeof(Node) + sizeof(std::unique_ptr<Node[]>)) +
           slots * sizeof(Index) * 3 / 2 +  // the table, and its old half while it grows
           slots * sizeof(Ghost);
  };
  std::size_t fits = 0;
  std::size_t too_many = max_bytes / sizeof(Node) + 1;
  while (too_many - fits > 1) {
    const std::size_t middle = fits + (too_many - fits) / 2;
    (bytes_for(middle) <= max_bytes ? fits : too_many) = middle;
  }
  return fits;
}

S3FifoShard::S3FifoShard(std::size_t max_bytes) : capacity_(entries_for(max_bytes)) {
  RR_CHECK(capacity_ < kNone);
}

std::size_t S3FifoShard::bytes() const {
  return blocks_.size() * (kBlock * sizeof(Node) + sizeof(std::unique_ptr<Node[]>)) +
         buckets_.size() * sizeof(Index) + ghosts_.size() * sizeof(Ghost);
}

std::optional<CachedScore> S3FifoShard::find(const PairKey& key, std::size_t hash, TimePoint now) {
  const Index index = find_live(key, hash);
  if (index == kNone) {
    return std::nullopt;
  }
  Node& found = node(index);
  if (now >= found.expires) {
    unlink(index);
    return std::nullopt;
  }
  found.frequency = std::min<std::uint8_t>(found.frequency + 1, kFrequencyMax);
  return CachedScore{found.logit, found.truncated};
}

void S3FifoShard::insert(const PairKey& key,
                         std::size_t hash,
                         const CachedScore& score,
                         TimePoint expires,
                         TimePoint now) {
  if (capacity_ == 0) {
    return;
  }
  Index index = find_live(key, hash);
  if (index == kNone) {
    if (used_ == capacity_) {
      evict_one(now);
    }
    index = take_free_node();
    node(index).key = key;
    node(index).frequency = 0;
    link(index, hash);
    push(forget_ghost(hash) ? main_ : small_, index);
  }
  Node& target = node(index);
  target.logit = score.logit;
  target.truncated = score.truncated;
  target.expires = expires;
}

void S3FifoShard::erase_expired(TimePoint now) {
  erase_expired(small_, now);
  erase_expired(main_, now);
}

void S3FifoShard::erase_expired(Queue& queue, TimePoint now) {
  for (std::size_t left = queue.size; left > 0; --left) {
    const Index index = pop(queue);
    if (node(index).live && now < node(index).expires) {
      push(queue, index);
      continue;
    }
    if (node(index).live) {
      unlink(index);
    }
    free_node(index);
  }
}

// --- hash table: chains of nodes by index

S3FifoShard::Index S3FifoShard::find_live(const PairKey& key, std::size_t hash) {
  if (buckets_.empty()) {
    return kNone;
  }
  Index index = buckets_[hash & (buckets_.size() - 1)];
  while (index != kNone && node(index).key != key) {
    index = node(index).bucket_next;
  }
  return index;
}

void S3FifoShard::link(Index index, std::size_t hash) {
  if (entries_ >= buckets_.size()) {
    grow_buckets();
  }
  Index& bucket = buckets_[hash & (buckets_.size() - 1)];
  node(index).bucket_next = bucket;
  node(index).live = true;
  bucket = index;
  ++entries_;
}

void S3FifoShard::unlink(Index index) {
  const std::size_t hash = PairKeyHash()(node(index).key);
  Index* at = &buckets_[hash & (buckets_.size() - 1)];
  while (*at != index) {
    at = &node(*at).bucket_next;
  }
  *at = node(index).bucket_next;
  node(index).live = false;
  --entries_;
}

void S3FifoShard::grow_buckets() {
  std::vector<Index> old(buckets_.empty() ? kFirstBuckets : buckets_.size() * 2, kNone);
  old.swap(buckets_);
  for (Index index : old) {
    while (index != kNone) {
      const Index next = node(index).bucket_next;
      Index& bucket = buckets_[PairKeyHash()(node(index).key) & (buckets_.size() - 1)];
      node(index).bucket_next = bucket;
      bucket = index;
      index = next;
    }
  }
}

// --- nodes and queues

S3FifoShard::Index S3FifoShard::take_free_node() {
  if (free_ == kNone) {
    const auto first = static_cast<Index>(blocks_.size() * kBlock);
    blocks_.push_back(std::make_unique<Node[]>(kBlock));
    for (std::size_t i = kBlock; i-- > 0;) {
      const Index index = first + static_cast<Index>(i);
      node(index).queue_next = free_;
      free_ = index;
    }
  }
  const Index index = free_;
  free_ = node(index).queue_next;
  ++used_;
  return index;
}

void S3FifoShard::free_node(Index index) {
  node(index).queue_next = free_;
  free_ = index;
  --used_;
}

void S3FifoShard::push(Queue& queue, Index index) {
  node(index).queue_next = kNone;
  (queue.newest == kNone ? queue.oldest : node(queue.newest).queue_next) = index;
  queue.newest = index;
  ++queue.size;
}

S3FifoShard::Index S3FifoShard::pop(Queue& queue) {
  const Index index = queue.oldest;
  queue.oldest = node(index).queue_next;
  if (queue.oldest == kNone) {
    queue.newest = kNone;
  }
  --queue.size;
  return index;
}

// --- eviction

void S3FifoShard::evict_one(TimePoint now) {
  const std::size_t small_target = std::max<std::size_t>(capacity_ / 10, 1);
  const bool small_first = small_.size >= small_target || main_.size == 0;
  // Each queue frees an entry unless it has none; small may be emptied by promotions alone.
  if (!(small_first && evict_from_small(now)) && !evict_from_main(now)) {
    RR_CHECK(evict_from_small(now));
  }
}

bool S3FifoShard::evict_from_small(TimePoint now) {
  while (small_.size > 0) {
    const Index index = pop(small_);
    Node& oldest = node(index);
    if (oldest.live && now < oldest.expires) {
      if (oldest.frequency > 1) {
        oldest.frequency = 0;
        push(main_, index);
        continue;
      }
      remember_ghost(PairKeyHash()(oldest.key));
    }
    evict(index);
    return true;
  }
  return false;
}

bool S3FifoShard::evict_from_main(TimePoint now) {
  while (main_.size > 0) {
    const Index index = pop(main_);
    Node& oldest = node(index);
    if (oldest.live && now < oldest.expires && oldest.frequency > 0) {
      --oldest.frequency;
      push(main_, index);
      continue;
    }
    evict(index);
    return true;
  }
  return false;
}

void S3FifoShard::evict(Index index) {
  if (node(index).live) {
    unlink(index);
    ++evictions_;
  }
  free_node(index);
}

// --- ghost: a set-associative table of (fingerprint, stamp), as in section 4.2 of the paper. A
// stamp counts insertions, so an entry is in the queue while fewer than the main queue's size came
// after it. A false match only lets a newcomer into main.

void S3FifoShard::remember_ghost(std::size_t hash) {
  if (ghosts_.empty()) {
    ghosts_.resize(table_slots(capacity_));
  }
  if (++ghost_stamp_ == 0) {  // wrapped: forget everything rather than compare across it
    std::fill(ghosts_.begin(), ghosts_.end(), Ghost{});
    ghost_stamp_ = 1;
  }
  const auto set = ghosts_.begin() +
                   static_cast<std::ptrdiff_t>(hash & (ghosts_.size() - 1) & ~(kGhostWays - 1));
  const auto oldest = std::min_element(
      set, set + kGhostWays, [](const Ghost& a, const Ghost& b) { return a.stamp < b.stamp; });
  *oldest = {fingerprint_of(hash), ghost_stamp_};
}

bool S3FifoShard::forget_ghost(std::size_t hash) {
  if (ghosts_.empty()) {
    return false;
  }
  const std::size_t first = hash & (ghosts_.size() - 1) & ~(kGhostWays - 1);
  for (std::size_t way = 0; way < kGhostWays; ++way) {
    Ghost& ghost = ghosts_[first + way];
    if (ghost.stamp != 0 && ghost.fingerprint == fingerprint_of(hash) &&
        ghost_stamp_ - ghost.stamp < capacity_ - capacity_ / 10) {
      ghost = {};
      return true;
    }
  }
  return false;
}

}  // namespace rr::cache
