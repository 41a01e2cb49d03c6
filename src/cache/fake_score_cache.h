// A ScoreCache for other folders' tests. `plan(document)` says how a document is answered; what is
// answered later waits in the test's hands until answer_later() is called. Records what was stored
// and released. Thread-safe; answers come on the calling thread.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "cache/score_cache.h"

namespace rr::cache {

class FakeScoreCache final : public ScoreCache {
 public:
  enum class Plan {
    kCompute,  // claimed by us, at once
    kScore,    // a score, at once
    kWait,     // computed elsewhere: the first answer says so, answer_later() settles it
    kSilent,   // no answer yet, not even that somebody else computes it
  };

  explicit FakeScoreCache(std::function<Plan(const Digest128&)> plan = {})
      : plan_(std::move(plan)) {}

  // What kScore and answer_later() give.
  static CachedScore remote_score(const Digest128& document) {
    return {static_cast<float>(document.bytes[0]), false};
  }

  void lookup_and_claim(const QueryKey& query,
                        std::vector<Digest128> documents,
                        Deadline /*deadline*/,
                        RemoteAnswerCallback callback) override {
    std::vector<RemoteAnswer> answers;
    std::vector<std::pair<std::size_t, Digest128>> open;
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const Plan plan = plan_ ? plan_(documents[i]) : Plan::kCompute;
      if (plan == Plan::kCompute) {
        answers.push_back({i, RemoteAnswer::Kind::kCompute, false, {}});
      } else if (plan == Plan::kScore) {
        answers.push_back({i, RemoteAnswer::Kind::kScore, false, remote_score(documents[i])});
      } else {
        waiting += plan == Plan::kWait ? 1 : 0;
        open.emplace_back(i, documents[i]);
      }
    }
    {
      MutexLock lock(mutex_);
      ++lookups_;
      looked_up_ += documents.size();
      if (!open.empty()) {
        later_.push_back({query, std::move(open), callback});
      }
    }
    if (!answers.empty() || waiting > 0) {
      callback(answers, waiting);
    }
  }

  // Answers everything that waits; `kind` for all of it.
  void answer_later(RemoteAnswer::Kind kind) {
    std::vector<Later> later;
    {
      MutexLock lock(mutex_);
      later.swap(later_);
    }
    for (const Later& one : later) {
      std::vector<RemoteAnswer> answers;
      for (const auto& [index, document] : one.open) {
        answers.push_back({index, kind, true, remote_score(document)});
      }
      one.callback(answers, 0);
    }
  }

  void store(const QueryKey& /*query*/,
             std::vector<std::pair<Digest128, CachedScore>> scores) override {
    MutexLock lock(mutex_);
    for (const auto& [document, score] : scores) {
      ++store_counts_[document];
    }
  }

  void start(const QueryKey& /*query*/, std::vector<Digest128> /*documents*/) override {}
  void release(const QueryKey& /*query*/, std::vector<Digest128> documents) override {
    MutexLock lock(mutex_);
    released_.insert(released_.end(), documents.begin(), documents.end());
  }

  RemoteStats stats() const override {
    RemoteStats stats;
    stats.enabled = true;
    stats.connected = true;
    return stats;
  }

  std::size_t lookups() {
    MutexLock lock(mutex_);
    return lookups_;
  }
  std::size_t looked_up() {
    MutexLock lock(mutex_);
    return looked_up_;
  }
  int stores_of(const Digest128& document) {
    MutexLock lock(mutex_);
    return store_counts_[document];
  }
  std::vector<Digest128> released() {
    MutexLock lock(mutex_);
    return released_;
  }

 private:
  struct Later {
    QueryKey query;
    std::vector<std::pair<std::size_t, Digest128>> open;
    RemoteAnswerCallback callback;
  };

  const std::function<Plan(const Digest128&)> plan_;
  Mutex mutex_;
  std::size_t lookups_ RR_GUARDED_BY(mutex_) = 0;
  std::size_t looked_up_ RR_GUARDED_BY(mutex_) = 0;
  std::vector<Later> later_ RR_GUARDED_BY(mutex_);
  std::map<Digest128, int> store_counts_ RR_GUARDED_BY(mutex_);
  std::vector<Digest128> released_ RR_GUARDED_BY(mutex_);
};

}  // namespace rr::cache
