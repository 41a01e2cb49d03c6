#include "rerank/reranker.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "rerank/rerank_flow.h"

namespace rr::rerank {

namespace {

schedule::SchedulerOptions scheduler_options(const RerankerOptions& options,
                                             const engine::Executor& executor) {
  schedule::SchedulerOptions out;
  out.policy.max_parallel = options.max_parallel;
  out.policy.max_queue = options.max_queue;
  out.policy.queue_timeout = options.queue_timeout;
  out.policy.worker_timeout = options.worker_timeout;
  out.policy.micro_batching = options.micro_batch_enabled;
  out.policy.micro_batch_window = options.micro_batch_window;
  out.policy.micro_batch_requests = options.micro_batch_max_size;
  out.policy.chunk_tokens =
      options.batch_tokens > 0 ? options.batch_tokens : executor.batch_tokens();
  if (options.batch_pairs > 0) {
    out.policy.chunk_pairs = options.batch_pairs;
  }
  out.max_retries = options.max_retries;
  out.claim_lifetime = options.claim_lease;
  out.cache_clean_interval = options.cache_clean_interval > Duration::zero()
                                 ? options.cache_clean_interval
                                 : std::chrono::hours(24 * 365);
  return out;
}

cache::LocalCacheOptions local_options(const RerankerOptions& options) {
  return {options.cache_enabled ? options.cache_max_bytes : 0, options.cache_ttl};
}

}  // namespace

Reranker::Reranker(ModelInfo model,
                   const text::Tokenizer& tokenizer,
                   engine::Executor& executor,
                   cache::ScoreCache& shared,
                   metrics::Metrics& metrics,
                   const Clock& clock,
                   const RerankerOptions& options)
    : model_(std::move(model)),
      options_(options),
      tokenizer_(tokenizer),
      shared_(shared),
      metrics_(metrics),
      clock_(clock),
      local_(local_options(options), metrics, clock),
      scheduler_(
          schedule::Scheduler::start(scheduler_options(options, executor),
                                     {tokenizer, executor, local_, shared, metrics, clock})) {}

Reranker::~Reranker() {
  scheduler_->stop();
}

void Reranker::rerank(RerankRequest request, RerankCallback done) {
  const auto flow = std::make_shared<RerankFlow>(std::move(request), std::move(done));
  if (Status status = check(flow->request()); !status.ok()) {
    return flow->fail(std::move(status), 0);
  }
  const text::PairOptions options = pair_options(flow->request(), model_.max_length);
  flow->set_keys(options, request_keys(model_.fingerprint, options, flow->request()));

  look_up_local(*flow);
  if (flow->all_known() || flow->refused_pair()) {
    return flow->answer();
  }
  schedule::Joined joined = scheduler_->join(work_of(flow));
  if (joined.refusal) {
    return refuse(*flow, *joined.refusal);
  }
  scheduler_->ask_shared(std::move(joined.led), flow->request().deadline);
}

Status Reranker::check(const RerankRequest& request) const {
  if (!ready_) {
    metrics_.rejected(metrics::RejectReason::kNotReady).Increment();
    return Status(Code::kUnavailable, "the model is not ready yet");
  }
  if (request.documents.empty() || request.queries.empty()) {
    return Status(Code::kInvalidArgument, "a query and at least one document are needed");
  }
  if (request.queries.size() != 1 && request.queries.size() != request.documents.size()) {
    return Status(Code::kInvalidArgument, "one query, or one for each document, is needed");
  }
  const int special = tokenizer_.pair_special_tokens();
  if (request.max_length != 0 && request.max_length <= special) {
    return Status(Code::kInvalidArgument,
                  "max_length must be above " + std::to_string(special) + ", the special tokens");
  }
  if (request.max_query_tokens < 0 || request.max_document_tokens < 0) {
    return Status(Code::kInvalidArgument, "a cap on tokens must not be negative");
  }
  if (request.deadline.passed(clock_.now())) {
    return Status(Code::kDeadlineExceeded, "the request's deadline has passed");
  }
  return Status();
}

void Reranker::look_up_local(RerankFlow& flow) {
  const std::vector<RequestKeys::Pair>& pairs = flow.keys().pairs;
  std::size_t hits = 0;
  for (std::size_t i = 0; local_.enabled() && i < pairs.size(); ++i) {
    if (const auto score = local_.find(pairs[i].key)) {
      flow.know(i, *score);
      ++hits;
    }
  }
  flow.close_known();
  // Documents that repeat another of the same request are answered with it.
  const std::size_t repeated = flow.keys().pair_of.size() - pairs.size();
  metrics_.pairs(metrics::PairSource::kLocalCache).Increment(static_cast<double>(hits));
  metrics_.pairs(metrics::PairSource::kJoined).Increment(static_cast<double>(repeated));
}

schedule::Work Reranker::work_of(const std::shared_ptr<RerankFlow>& flow) {
  schedule::Work work;
  work.pairs = flow->work_pairs();
  work.owner = flow;
  work.deadline = flow->request().deadline;
  work.cancel = flow->request().cancel;
  work.too_long = flow->request().truncate ? schedule::TooLong::kCut : schedule::TooLong::kRefuse;
  work.done = [this, flow](schedule::WorkOutcome outcome) {
    metrics_.stage_duration(metrics::Stage::kQueue).Observe(to_seconds(outcome.queue_time));
    flow->take(std::move(outcome));
  };
  return work;
}

void Reranker::refuse(RerankFlow& flow, const schedule::Refusal& refusal) {
  metrics_.rejected(refusal.reason).Increment();
  switch (refusal.reason) {
    case metrics::RejectReason::kQueueFull:
      return flow.fail(Status(Code::kOverloaded, "the queue is full"), refusal.retry_after_s);
    case metrics::RejectReason::kPredictedWait:
      return flow.fail(
          Status(Code::kOverloaded,
                 "the queue is too long to answer before the deadline or the queue timeout"),
          refusal.retry_after_s);
    default:
      return flow.fail(Status(Code::kUnavailable, "the server is stopping"), 0);
  }
}

ServiceState Reranker::state() {
  const schedule::PolicyFacts facts = scheduler_->facts();
  const cache::LocalCacheFacts local = local_.facts();
  ServiceState state;
  state.queue = {facts.waiting,
                 facts.active,
                 facts.queued_tokens,
                 scheduler_->max_parallel(),
                 options_.max_queue};
  if (options_.micro_batch_enabled) {
    state.micro_batcher = {true, facts.total_requests, facts.total_batches, 0};
    if (facts.total_batches > 0) {
      state.micro_batcher.avg_batch_size = static_cast<double>(facts.total_batch_requests) /
                                           static_cast<double>(facts.total_batches);
    }
  }
  state.local_cache = {local.entries, local.bytes, local.hits, local.misses, local.evictions};
  state.distributed_cache = shared_.stats();
  state.ready = ready_;
  return state;
}

}  // namespace rr::rerank
