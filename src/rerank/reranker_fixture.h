// A Reranker on fakes, for this folder's tests: real threads, FakeTokenizer (a token a byte),
// FakeExecutor (logit = sum of tokens / 100), and a gate that holds the workers until it is opened.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cache/fake_score_cache.h"
#include "engine/fake_executor.h"
#include "metrics/metrics.h"
#include "rerank/reranker.h"
#include "text/fake_tokenizer.h"

namespace rr::rerank {

// Holds every score() call while closed, and counts those that have come.
class Gate {
 public:
  void pass() {
    MutexLock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    while (!open_) {
      changed_.wait(lock);
    }
  }
  void open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void close() {
    MutexLock lock(mutex_);
    open_ = false;
  }
  void wait_for_arrivals(int count) {
    MutexLock lock(mutex_);
    while (arrived_ < count) {
      changed_.wait(lock);
    }
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ RR_GUARDED_BY(mutex_) = true;
  int arrived_ RR_GUARDED_BY(mutex_) = 0;
};

struct RerankerFixture {
  explicit RerankerFixture(
      RerankerOptions options = {},
      int workers = 1,
      std::unique_ptr<cache::ScoreCache> shared_cache = cache::make_no_score_cache())
      : shared(std::move(shared_cache)), executor(workers, [this] { gate.pass(); }) {
    ModelInfo model;
    model.fingerprint = "f";
    model.max_length = 512;
    reranker =
        std::make_unique<Reranker>(model, tokenizer, executor, *shared, metrics, clock, options);
    reranker->set_ready();
  }
  ~RerankerFixture() {
    gate.open();
    reranker.reset();
  }

  std::future<RerankOutcome> send(RerankRequest request) {
    auto promise = std::make_shared<std::promise<RerankOutcome>>();
    std::future<RerankOutcome> future = promise->get_future();
    reranker->rerank(std::move(request),
                     [promise](RerankOutcome outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
  RerankOutcome ask(RerankRequest request) { return send(std::move(request)).get(); }

  static RerankRequest request(std::string query, std::vector<std::string> documents) {
    RerankRequest request;
    request.queries = {std::move(query)};
    request.documents = SharedTexts(std::move(documents));
    return request;
  }
  // What FakeTokenizer and FakeExecutor make of a pair that is not truncated.
  static float logit(const std::string& query, const std::string& document) {
    float sum = 1 + 2 + 2;
    for (const char byte : query + document) {
      sum += static_cast<float>(static_cast<unsigned char>(byte) + 10);
    }
    return sum / 100;
  }

  SystemClock clock;
  metrics::Metrics metrics{{}, {}};
  text::FakeTokenizer tokenizer;
  Gate gate;
  std::unique_ptr<cache::ScoreCache> shared;
  engine::FakeExecutor executor;
  std::unique_ptr<Reranker> reranker;
};

}  // namespace rr::rerank
