#include "cache/s3_fifo_shard.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace rr::cache {
namespace {

const TimePoint kNow = TimePoint(std::chrono::hours(1));
const TimePoint kLater = kNow + std::chrono::seconds(100);

PairKey key(int number) {
  return {{digest128("query")}, digest128(std::to_string(number))};
}

// A shard with PairKeyHash and fixed times, so that tests read as what they say.
struct Table {
  explicit Table(std::size_t max_bytes) : shard(max_bytes) {}
  bool has(int number, TimePoint now = kNow) {
    return shard.find(key(number), PairKeyHash()(key(number)), now).has_value();
  }
  void put(int number, TimePoint expires = kLater, TimePoint now = kNow) {
    shard.insert(key(number),
                 PairKeyHash()(key(number)),
                 {static_cast<float>(number), number % 2 == 1},
                 expires,
                 now);
  }
  S3FifoShard shard;
};

constexpr std::size_t kSmallBytes = 64 << 10;

TEST(S3FifoShard, ReturnsWhatWasPutIn) {
  Table table(kSmallBytes);
  table.put(1);
  table.put(2);
  const auto found = table.shard.find(key(1), PairKeyHash()(key(1)), kNow);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (CachedScore{1, true}));
  EXPECT_FALSE(table.has(3));
  EXPECT_EQ(table.shard.entries(), 2U);
}

TEST(S3FifoShard, PuttingAgainReplaces) {
  Table table(kSmallBytes);
  table.put(1);
  table.shard.insert(key(1), PairKeyHash()(key(1)), {7, false}, kLater, kNow);
  EXPECT_EQ(table.shard.find(key(1), PairKeyHash()(key(1)), kNow)->logit, 7);
  EXPECT_EQ(table.shard.entries(), 1U);
}

TEST(S3FifoShard, AnEntryIsNeverReturnedFromItsLastInstantOn) {
  Table table(kSmallBytes);
  table.put(1);
  EXPECT_TRUE(table.has(1, kLater - Duration(1)));
  EXPECT_FALSE(table.has(1, kLater));
  EXPECT_EQ(table.shard.entries(), 0U);
}

TEST(S3FifoShard, AnExpiredKeyCanBePutInAgain) {
  Table table(kSmallBytes);
  table.put(1);
  EXPECT_FALSE(table.has(1, kLater));
  table.put(1, kLater + std::chrono::seconds(5), kLater);
  EXPECT_TRUE(table.has(1, kLater));
  EXPECT_EQ(table.shard.entries(), 1U);
}

TEST(S3FifoShard, ErasingExpiredEntriesKeepsTheOthers) {
  Table table(kSmallBytes);
  for (int i = 0; i < 100; ++i) {
    table.put(i, i % 2 == 0 ? kLater : kLater + std::chrono::seconds(1));
  }
  table.shard.erase_expired(kLater);
  EXPECT_EQ(table.shard.entries(), 50U);
  EXPECT_FALSE(table.has(0, kLater));
  EXPECT_TRUE(table.has(1, kLater));
}

TEST(S3FifoShard, NeverHoldsMoreBytesThanItMay) {
  for (const std::size_t max_bytes : {std::size_t{40 << 10}, kSmallBytes, std::size_t{1 << 20}}) {
    Table table(max_bytes);
    ASSERT_GT(table.shard.capacity(), 0U);
    for (int i = 0; i < 3 * static_cast<int>(table.shard.capacity()); ++i) {
      table.put(i);
      ASSERT_LE(table.shard.bytes(), max_bytes);
      ASSERT_LE(table.shard.entries(), table.shard.capacity());
    }
    EXPECT_EQ(table.shard.entries(), table.shard.capacity());
    EXPECT_EQ(table.shard.evictions(), 2 * table.shard.capacity());
  }
}

TEST(S3FifoShard, UsesMostOfItsBytesForEntries) {
  const std::size_t entries = S3FifoShard::entries_for(8 << 20);
  EXPECT_GT(entries * 56, (8 << 20) * 6 / 10);
}

TEST(S3FifoShard, TooFewBytesForOneBlockHoldNothing) {
  Table table(100);
  table.put(1);
  EXPECT_FALSE(table.has(1));
  EXPECT_EQ(table.shard.bytes(), 0U);
}

TEST(S3FifoShard, AScanDoesNotDriveOutWhatIsPopular) {
  Table table(kSmallBytes);
  const int capacity = static_cast<int>(table.shard.capacity());
  const int popular = capacity / 2;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < popular; ++i) {
      if (!table.has(i)) {
        table.put(i);
      }
    }
  }
  for (int i = 0; i < 10 * capacity; ++i) {
    table.put(1'000'000 + i);
  }
  int left = 0;
  for (int i = 0; i < popular; ++i) {
    left += table.has(i) ? 1 : 0;
  }
  EXPECT_EQ(left, popular);
}

TEST(S3FifoShard, WhatComesBackSoonAfterEvictionGoesToTheMainQueue) {
  Table table(kSmallBytes);
  const int capacity = static_cast<int>(table.shard.capacity());
  for (int i = 0; i < capacity; ++i) {
    table.put(i);
  }
  table.put(capacity);  // evicts 0, the oldest
  ASSERT_FALSE(table.has(0));
  table.put(0);
  for (int i = 1; i < capacity; ++i) {
    table.put(100'000 + i);  // a scan
  }
  EXPECT_TRUE(table.has(0));
}

// The slow obvious reference: whatever is returned is what was last put in, and never expired.
TEST(S3FifoShard, AgreesWithAMapOverRandomOperations) {
  Table table(48 << 10);
  std::mt19937 random(7);
  struct Known {
    float logit;
    TimePoint expires;
  };
  std::map<int, Known> known;
  TimePoint now = kNow;
  int hits = 0;
  for (int step = 0; step < 200'000; ++step) {
    now += std::chrono::milliseconds(random() % 3);
    const int number = static_cast<int>(random() % 1500);
    const std::size_t hash = PairKeyHash()(key(number));
    if (random() % 3 == 0) {
      const auto logit = static_cast<float>(step);
      const TimePoint expires = now + std::chrono::milliseconds(random() % 2000);
      table.shard.insert(key(number), hash, {logit, false}, expires, now);
      known[number] = {logit, expires};
    } else if (const auto found = table.shard.find(key(number), hash, now)) {
      ++hits;
      ASSERT_EQ(found->logit, known[number].logit);
      ASSERT_LT(now, known[number].expires);
    }
    if (step % 5000 == 0) {
      table.shard.erase_expired(now);
    }
    ASSERT_LE(table.shard.bytes(), std::size_t{48 << 10});
  }
  EXPECT_GT(hits, 10'000);
}

}  // namespace
}  // namespace rr::cache
