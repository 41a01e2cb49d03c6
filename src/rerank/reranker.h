// Reranker: the whole use case. A request goes down once (keys, local cache, pairs in flight,
// admission, shared cache, engine) and up once, through its callback.
//   Reranker reranker(model, tokenizer, executor, *make_no_score_cache(), metrics, clock, options);
//   reranker.set_ready();
//   reranker.rerank(std::move(request), [](RerankOutcome outcome) { … });
// rerank() never blocks; `done` is called exactly once, on the caller's thread where everything is
// known already or the request is refused, else on a worker's, the housekeeping thread or the
// shared cache's. Everything passed by reference must outlive the Reranker; its destructor fails
// what is left with kUnavailable and ends its threads, and no rerank() may be running then.
// Thread-safe. A full hit costs about a SHA-256 of the texts and one short lock per document.
// Tested by reranker_test.cpp and reranker_threads_test.cpp.
#pragma once

#include <atomic>
#include <memory>

#include "base/clock.h"
#include "cache/local_cache.h"
#include "cache/score_cache.h"
#include "engine/executor.h"
#include "metrics/metrics.h"
#include "rerank/request.h"
#include "rerank/service_info.h"
#include "schedule/scheduler.h"
#include "text/tokenizer.h"

namespace rr::rerank {

struct RerankerOptions {
  int max_parallel = 4;                                 // MAX_PARALLEL_REQUESTS
  int max_queue = 512;                                  // RERANKER_MAX_QUEUE
  Duration queue_timeout = std::chrono::seconds(30);    // RERANKER_QUEUE_TIMEOUT
  Duration worker_timeout = std::chrono::seconds(120);  // RERANKER_WORKER_TIMEOUT
  int max_retries = 1;                                  // RERANKER_MAX_RETRIES
  int batch_pairs = 0;                                  // RERANKER_BATCH_SIZE, 0 = chosen
  int batch_tokens = 0;                                 // RERANKER_MAX_BATCH_TOKENS, likewise
  bool micro_batch_enabled = false;                     // MICRO_BATCH_ENABLED
  Duration micro_batch_window = std::chrono::milliseconds(10);  // MICRO_BATCH_WINDOW_MS
  int micro_batch_max_size = 32;                                // MICRO_BATCH_MAX_SIZE, requests
  bool cache_enabled = true;                                    // ENABLE_PREDICTION_CACHE
  Duration cache_ttl = std::chrono::seconds(300);               // CACHE_TTL_SECONDS
  std::size_t cache_max_bytes = 268435456;                      // CACHE_MAX_BYTES
  Duration cache_clean_interval = std::chrono::seconds(3600);   // CLEAR_CACHE_INTERVAL, 0 = never
  // REDIS_LEASE_MS where a shared cache is used, else 0.
  Duration claim_lease = Duration::zero();
};

class RerankFlow;

class Reranker {
 public:
  Reranker(ModelInfo model,
           const text::Tokenizer& tokenizer,
           engine::Executor& executor,
           cache::ScoreCache& shared,
           metrics::Metrics& metrics,
           const Clock& clock,
           const RerankerOptions& options);
  ~Reranker();
  Reranker(const Reranker&) = delete;
  Reranker& operator=(const Reranker&) = delete;

  void rerank(RerankRequest request, RerankCallback done);

  const ModelInfo& model() const { return model_; }
  ServiceState state();
  void set_ready() { ready_ = true; }

 private:
  Status check(const RerankRequest& request) const;
  void look_up_local(RerankFlow& flow);
  schedule::Work work_of(const std::shared_ptr<RerankFlow>& flow);
  void refuse(RerankFlow& flow, const schedule::Refusal& refusal);

  const ModelInfo model_;
  const RerankerOptions options_;
  const text::Tokenizer& tokenizer_;
  cache::ScoreCache& shared_;
  metrics::Metrics& metrics_;
  const Clock& clock_;
  std::atomic<bool> ready_ = false;
  cache::LocalCache local_;
  std::shared_ptr<schedule::Scheduler> scheduler_;
};

}  // namespace rr::rerank
