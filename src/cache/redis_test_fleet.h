// For tests: servers of a fleet as far as Redis sees them, each a score cache of its own, with
// calls that wait (bounded) for what the real ones are called back with.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "cache/redis_score_cache.h"
#include "cache/redis_test_server.h"

namespace rr::cache {

inline constexpr Duration kTestPatience = std::chrono::seconds(20);

// What a lookup has been answered so far; waits are for the whole.
class PendingAnswers {
 public:
  explicit PendingAnswers(std::size_t count) : count_(count) {}

  void add(std::span<const RemoteAnswer> answers, std::size_t waiting) {
    MutexLock lock(mutex_);
    for (const RemoteAnswer& answer : answers) {
      EXPECT_TRUE(answers_.emplace(answer.index, answer).second) << "answered twice";
    }
    EXPECT_EQ(waiting, count_ - answers_.size());
    last_seen_ = waiting == 0;
    changed_.notify_all();
  }

  // All answers by index; fewer when the patience ends.
  std::map<std::size_t, RemoteAnswer> wait(const Clock& clock) {
    return wait_until([this] { return last_seen_; }, clock);
  }
  // Until at least `count` have come.
  std::map<std::size_t, RemoteAnswer> wait_for(std::size_t count, const Clock& clock) {
    return wait_until([this, count] { return answers_.size() >= count; }, clock);
  }

 private:
  template <typename Condition>
  std::map<std::size_t, RemoteAnswer> wait_until(Condition condition, const Clock& clock) {
    const Deadline deadline = Deadline::after(clock, kTestPatience);
    MutexLock lock(mutex_);
    while (!condition() && !deadline.passed(clock.now())) {
      changed_.wait_until(lock, deadline);
    }
    EXPECT_TRUE(condition()) << "answers are missing";
    return answers_;
  }

  Mutex mutex_;
  CondVar changed_;
  std::size_t count_;
  std::map<std::size_t, RemoteAnswer> answers_;
  bool last_seen_ = false;
};

struct FleetServer {
  explicit FleetServer(const RedisOptions& options)
      : metrics({"other"}, metrics::BuildInfo{}), cache(make(options)) {}

  std::unique_ptr<ScoreCache> make(const RedisOptions& options) {
    auto made = make_redis_score_cache(options, metrics, clock);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(made).value();
  }

  bool wait_connected(bool connected) {
    const Deadline deadline = Deadline::after(clock, kTestPatience);
    while (cache->stats().connected != connected && !deadline.passed(clock.now())) {
      wait_ms(5);
    }
    return cache->stats().connected == connected;
  }

  std::shared_ptr<PendingAnswers> ask(const QueryKey& query, std::vector<Digest128> documents) {
    auto pending = std::make_shared<PendingAnswers>(documents.size());
    cache->lookup_and_claim(query,
                            std::move(documents),
                            Deadline::after(clock, kTestPatience),
                            [pending](std::span<const RemoteAnswer> answers, std::size_t waiting) {
                              pending->add(answers, waiting);
                            });
    return pending;
  }

  std::map<std::size_t, RemoteAnswer> look_up(const QueryKey& query,
                                              const std::vector<Digest128>& documents) {
    return ask(query, documents)->wait(clock);
  }

  // Returns when Redis has done everything that was sent for this query before.
  void settle(const QueryKey& query) {
    look_up(query, {digest128("settle " + std::to_string(settled_++))});
  }

  // The counter once it has reached `expected`, or after kTestPatience: the Redis loop counts after
  // it has answered.
  double counter(metrics::LeaseEvent event, double expected) {
    const Deadline deadline = Deadline::after(clock, kTestPatience);
    while (metrics.redis_leases(event).Value() < expected && !deadline.passed(clock.now())) {
      wait_ms(5);
    }
    return metrics.redis_leases(event).Value();
  }
  double errors(metrics::RedisError kind) { return metrics.redis_errors(kind).Value(); }

  int settled_ = 0;
  SystemClock clock;
  metrics::Metrics metrics;
  std::unique_ptr<ScoreCache> cache;
};

inline std::vector<Digest128> some_documents(int count, int first = 0) {
  std::vector<Digest128> documents;
  documents.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    documents.push_back(digest128("document " + std::to_string(first + i)));
  }
  return documents;
}

// The score that every test server computes for a document: a pure function of it.
inline CachedScore score_of(const Digest128& document) {
  return {static_cast<float>(document.bytes[0]) - 100.5F, (document.bytes[1] & 1) != 0};
}

inline std::vector<std::pair<Digest128, CachedScore>> scores_of(
    const std::vector<Digest128>& documents) {
  std::vector<std::pair<Digest128, CachedScore>> scores;
  scores.reserve(documents.size());
  for (const Digest128& document : documents) {
    scores.emplace_back(document, score_of(document));
  }
  return scores;
}

inline std::size_t count_computes(const std::map<std::size_t, RemoteAnswer>& answers) {
  std::size_t computes = 0;
  for (const auto& [index, answer] : answers) {
    computes += answer.kind == RemoteAnswer::Kind::kCompute ? 1U : 0U;
  }
  return computes;
}

inline std::string scores_key(const QueryKey& query) {
  return "rerankd:1:{" + query.digest.hex() + "}";
}

inline std::string raw_bytes(const Digest128& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), 16};
}

}  // namespace rr::cache
