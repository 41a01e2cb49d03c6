#include "cache/local_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace rr::cache {
namespace {

PairKey key(int number) {
  return {{digest128("query")}, digest128(std::to_string(number))};
}

struct Cache {
  explicit Cache(LocalCacheOptions options = {}) : cache(options, metrics, clock) {}
  FakeClock clock;
  metrics::Metrics metrics{{}, {}};
  LocalCache cache;
};

TEST(LocalCache, KeepsAScoreForItsTimeToLive) {
  Cache made;
  made.cache.insert(key(1), {0.5F, true});
  made.clock.advance(std::chrono::seconds(299));
  EXPECT_EQ(made.cache.find(key(1)), (CachedScore{0.5F, true}));
  made.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(made.cache.find(key(1)), std::nullopt);
}

TEST(LocalCache, ZeroBytesOrZeroTimeMeansOff) {
  for (const LocalCacheOptions options :
       {LocalCacheOptions{0, std::chrono::seconds(1)}, LocalCacheOptions{1 << 20, Duration(0)}}) {
    Cache made(options);
    EXPECT_FALSE(made.cache.enabled());
    made.cache.insert(key(1), {1, false});
    EXPECT_EQ(made.cache.find(key(1)), std::nullopt);
    EXPECT_EQ(made.cache.facts().bytes, 0U);
    made.cache.erase_expired();
  }
}

TEST(LocalCache, StaysWithinItsBytesHoweverMuchComes) {
  Cache made({2 << 20, std::chrono::seconds(300)});
  for (int i = 0; i < 100'000; ++i) {
    made.cache.insert(key(i), {1, false});
  }
  const LocalCacheFacts facts = made.cache.facts();
  EXPECT_LE(facts.bytes, std::uint64_t{2 << 20});
  EXPECT_GT(facts.entries, 15'000U);
  EXPECT_GT(facts.evictions, 0U);
  EXPECT_EQ(facts.entries + facts.evictions, 100'000U);
}

TEST(LocalCache, CostsNextToNothingWhileItIsEmpty) {
  Cache made;
  EXPECT_LT(made.cache.facts().bytes, 4096U);
}

TEST(LocalCache, MetricsSayWhatTheCacheHolds) {
  Cache made({1 << 20, std::chrono::seconds(300)});
  for (int i = 0; i < 30'000; ++i) {
    made.cache.insert(key(i), {1, false});
  }
  made.cache.find(key(29'999));
  made.cache.find(key(-1));
  made.cache.peek(key(-1));
  LocalCacheFacts facts = made.cache.facts();
  EXPECT_EQ(facts.hits, 1U);
  EXPECT_EQ(facts.misses, 1U);
  EXPECT_EQ(made.metrics.local_cache_entries.Value(), static_cast<double>(facts.entries));
  EXPECT_EQ(made.metrics.local_cache_bytes.Value(), static_cast<double>(facts.bytes));
  EXPECT_EQ(made.metrics.local_cache_evictions_total.Value(), static_cast<double>(facts.evictions));
  made.clock.advance(std::chrono::seconds(300));
  made.cache.erase_expired();
  EXPECT_EQ(made.cache.facts().entries, 0U);
  EXPECT_EQ(made.metrics.local_cache_entries.Value(), 0);
}

TEST(LocalCache, ManyThreadsSeeOnlyWhatWasPutIn) {
  Cache made({1 << 20, std::chrono::seconds(300)});
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20'000; ++i) {
        const int number = (i * 7 + t) % 9000;
        if (const auto found = made.cache.find(key(number))) {
          EXPECT_EQ(found->logit, static_cast<float>(number));
        }
        made.cache.insert(key(number), {static_cast<float>(number), false});
        if (i % 5000 == 0) {
          made.cache.erase_expired();
        }
      }
    });
  }
}

}  // namespace
}  // namespace rr::cache
