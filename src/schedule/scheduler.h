// Scheduler: the threads that carry out BatchPolicy's decisions, and single flight. Pairs of
// requests come in, each request's outcome goes out through one callback.
//   join      a request's pairs join those in flight, queue space is reserved for the rest, or the
//             request is refused at once; says which pairs it leads
//   ask_shared  asks the shared cache for led pairs: scores settle them, the others are queued for
//             the engine
//   worker threads (Executor::workers() of them) pull chunks, tokenize, score, fill the caches,
//             wake the waiters
//   one housekeeping thread enforces deadlines, takes out what was cancelled, cleans the cache
// A pair is computed once however many requests want it. Whoever leaves takes along only pairs that
// nobody else waits for; a pair's own failure (non-finite) reaches all its waiters, a device
// failure only its leader's request: the others try again.
// Every score reaches the local cache before its flight ends, so a pair cannot slip through between
// the two. Callbacks run without locks on a worker, the housekeeping thread, the caller of join or
// ask_shared, or the shared cache's thread; they must not block. Thread-safe. Held by shared_ptr,
// so that late answers of the shared cache find it after stop(), when they are ignored. Tested by
// reranker_threads_test.cpp and the tests of its parts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/cancel_token.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/mutex.h"
#include "cache/local_cache.h"
#include "cache/score_cache.h"
#include "engine/executor.h"
#include "metrics/metrics.h"
#include "schedule/batch_policy.h"
#include "schedule/chunk_runner.h"
#include "schedule/flight_table.h"
#include "schedule/token_estimate.h"
#include "text/tokenizer.h"

namespace rr::schedule {

struct SchedulerOptions {
  PolicyOptions policy;  // workers and chunk_tokens are the executor's
  int max_retries = 1;
  Duration cache_clean_interval = std::chrono::hours(1);
  // How long a claim in the shared cache holds while its pair waits for its turn; a pair that
  // waited longer is asked for once more before it is computed. 0 = claims do not age.
  Duration claim_lifetime{};
};

struct WorkPair {
  cache::PairKey key;
  std::shared_ptr<QueryText> query;
  std::string_view document;
};

enum class TooLong { kCut, kRefuse };

struct PairOutcome {
  cache::CachedScore score;
  metrics::PairSource source = metrics::PairSource::kComputed;
  int tokens = 0;  // computed for this request
};

struct WorkOutcome {
  Status status;
  std::optional<std::size_t> failed_pair;  // where one pair is to blame
  std::vector<PairOutcome> pairs;          // complete when status is ok
  Duration tokenize_time{};
  Duration queue_time{};
  Duration inference_time{};
};

struct Work {
  std::vector<WorkPair> pairs;        // keys distinct, not empty
  std::shared_ptr<const void> owner;  // keeps the texts alive
  Deadline deadline = Deadline::never();
  CancelToken cancel;
  TooLong too_long = TooLong::kCut;
  std::function<void(WorkOutcome)> done;  // once, unless the work was refused
};

struct Joined {
  std::optional<Refusal> refusal;
  std::vector<cache::PairKey> led;  // to ask the shared cache for
};

class Scheduler : public std::enable_shared_from_this<Scheduler> {
 public:
  struct Parts {
    const text::Tokenizer& tokenizer;
    engine::Executor& executor;
    cache::LocalCache& local;
    cache::ScoreCache& shared;
    metrics::Metrics& metrics;
    const Clock& clock;
  };

  static std::shared_ptr<Scheduler> start(const SchedulerOptions& options, const Parts& parts);
  ~Scheduler();

  Joined join(Work work);
  // Never blocks. With no shared cache the answers come before this returns.
  void ask_shared(std::vector<cache::PairKey> keys, Deadline deadline);

  PolicyFacts facts() const;
  int max_parallel() const;
  std::size_t pairs_in_flight() const;
  // Fails what is left with kUnavailable and ends the threads. No join() may be running.
  // Idempotent.
  void stop();

 private:
  struct Request;
  struct Effects;
  struct Running;
  struct Question;

  Scheduler(const SchedulerOptions& options, const Parts& parts);
  void run_worker(int worker);
  void run_housekeeping();

  using ReadyPairs = std::unordered_map<JobId, std::vector<ReadyPair>>;

  // scheduler.cpp: requests and flights
  void add_pair(Request& request, std::uint32_t pair, Reservation& reservation, Joined& joined)
      RR_REQUIRES(mutex_);
  void answered(const Question& question,
                std::span<const cache::RemoteAnswer> answers,
                std::size_t unanswered,
                std::size_t waiting) RR_EXCLUDES(mutex_);
  void apply_answer(const cache::PairKey& key,
                    const cache::RemoteAnswer& answer,
                    ReadyPairs& ready,
                    Effects& effects) RR_REQUIRES(mutex_);
  void give_back(Flight& flight) RR_REQUIRES(mutex_);
  void queue_flight(Flight& flight, ReadyPairs& ready) RR_REQUIRES(mutex_);
  void make_ready(ReadyPairs& ready) RR_REQUIRES(mutex_);
  // Ends a flight with a score for every waiter, or with its own failure.
  void settle(Flight& flight, const PairOutcome& outcome, Effects& effects) RR_REQUIRES(mutex_);
  void settle_failed(Flight& flight, const Status& status, Effects& effects) RR_REQUIRES(mutex_);
  std::vector<Waiter> close_flight(Flight& flight) RR_REQUIRES(mutex_);
  void give(const Waiter& waiter, const PairOutcome& outcome, Effects& effects) RR_REQUIRES(mutex_);
  void fail(RequestId id, Status status, std::optional<std::uint32_t> pair, Effects& effects)
      RR_REQUIRES(mutex_);
  void leave_flights(Request& request, Effects& effects) RR_REQUIRES(mutex_);
  void hand_over(Flight& flight, ReadyPairs& ready) RR_REQUIRES(mutex_);
  void publish(Effects& effects) RR_REQUIRES(mutex_);
  void deliver(Effects& effects) RR_EXCLUDES(mutex_);
  void release(std::vector<cache::PairKey> keys);
  void begin_claims(const Running& running);

  // scheduler_threads.cpp: what the threads do
  Running begin_chunk(const Chunk& chunk) RR_REQUIRES(mutex_);
  bool claim_is_old(const Flight& flight, TimePoint now) const RR_REQUIRES(mutex_);
  bool nobody_takes_cut(const Flight& flight) const RR_REQUIRES(mutex_);
  void fill_caches(const Running& running, std::span<const RunResult> results) RR_EXCLUDES(mutex_);
  void end_chunk(const Chunk& chunk,
                 const Running& running,
                 std::span<const RunResult> results,
                 const RunTimes& times,
                 Effects& effects) RR_REQUIRES(mutex_);
  void end_pair(Flight& flight, const RunResult& result, ReadyPairs& again, Effects& effects)
      RR_REQUIRES(mutex_);
  void refuse_too_long(Flight& flight, const Status& status, Effects& effects) RR_REQUIRES(mutex_);
  void count(const Chunk& chunk, std::span<const RunResult> results, const RunTimes& times);
  void wake_workers() RR_REQUIRES(mutex_);
  void poke_housekeeping(std::optional<RequestId> cancelled) RR_EXCLUDES(wake_mutex_);
  void expire(std::span<const RequestId> cancelled, Effects& effects) RR_REQUIRES(mutex_);

  const SchedulerOptions options_;
  const text::Tokenizer& tokenizer_;
  engine::Executor& executor_;
  cache::LocalCache& local_;
  cache::ScoreCache& shared_;
  metrics::Metrics& metrics_;
  const Clock& clock_;

  mutable Mutex mutex_;
  CondVar work_;  // workers wait for chunks
  bool stopping_ RR_GUARDED_BY(mutex_) = false;
  BatchPolicy policy_ RR_GUARDED_BY(mutex_);
  FlightTable flights_ RR_GUARDED_BY(mutex_);
  TokenEstimate estimate_ RR_GUARDED_BY(mutex_);
  std::unordered_map<RequestId, std::shared_ptr<Request>> requests_ RR_GUARDED_BY(mutex_);
  RequestId next_id_ RR_GUARDED_BY(mutex_) = 1;
  TimePoint housekeeping_at_ RR_GUARDED_BY(mutex_) = TimePoint::max();

  // The housekeeping thread's letter box; never held together with mutex_.
  Mutex wake_mutex_;
  CondVar wake_;
  bool poked_ RR_GUARDED_BY(wake_mutex_) = false;
  bool housekeeping_stops_ RR_GUARDED_BY(wake_mutex_) = false;
  std::vector<RequestId> cancelled_ RR_GUARDED_BY(wake_mutex_);

  std::vector<std::jthread> threads_;
};

}  // namespace rr::schedule
