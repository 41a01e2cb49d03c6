// BatchPolicy: which pairs a free worker takes next, which requests are refused, and when somebody
// has waited too long. Pure: no threads, sockets or clock; events come in with their time, actions
// come back as values. Work is counted in tokens (estimated until a pair is tokenized).
//
//   admit      a request arrives; space is reserved for its pairs, or it is refused at once
//   give_back  others have answered some of them: the space is free again
//   ready      these pairs are ours to compute
//   take       a worker is free: the chunk it takes, if any
//   chunk_done a chunk was computed
//   remove     the request is over (answered, failed, cancelled): what was not taken leaves
//   expire     requests whose deadline, queue timeout or worker timeout has passed
//
// Micro-batching off: a chunk holds pairs of one request, and at most max_parallel requests have
// pairs in the engine; a slot is given back with every chunk, so that giants rotate. On: a chunk is
// filled up with pairs of other requests, at most micro_batch_requests of them.
// Order: FairQueue's, unless deadlines are at risk (see pick_urgent in batch_policy.cpp).
// Waiting for company: batch_policy.cpp, worth_waiting. Not thread-safe. take() costs O(pairs
// taken + requests with a deadline). Tested by batch_policy_test.cpp and, over thousands of
// arrivals, by batch_policy_simulation_test.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "metrics/metrics.h"
#include "schedule/fair_queue.h"
#include "schedule/speed_estimate.h"

namespace rr::schedule {

using PairId = std::uint64_t;  // the caller's name for a pair

struct PolicyOptions {
  int workers = 1;
  int chunk_tokens = 256;  // a worker takes about this many at once, at least one pair
  int chunk_pairs = 1024;
  int max_parallel = 4;  // requests in the engine at one moment, micro-batching off
  int max_queue = 512;   // requests waiting beyond those; 0 = refuse when busy
  Duration queue_timeout = std::chrono::seconds(30);
  Duration worker_timeout = std::chrono::seconds(120);
  bool micro_batching = false;
  Duration micro_batch_window = std::chrono::milliseconds(10);
  int micro_batch_requests = 32;
};

struct Reservation {
  int pairs = 0;
  std::int64_t tokens = 0;
};

struct ReadyPair {
  PairId pair = 0;
  int tokens = 0;
};

struct Refusal {
  metrics::RejectReason reason = metrics::RejectReason::kQueueFull;
  int retry_after_s = 1;
};

struct Chunk {
  struct Pair {
    JobId job = 0;
    PairId pair = 0;
    int tokens = 0;
  };
  std::vector<Pair> pairs;
  std::int64_t tokens = 0;
  int jobs = 0;
  bool alone = false;  // every other worker was free and nothing was left to take: they may help
  std::vector<JobId> started;  // requests whose first pairs these are
};

enum class ExpiryReason { kDeadline, kQueueTimeout, kWorkerTimeout };

struct Expired {
  JobId job = 0;
  ExpiryReason reason = ExpiryReason::kDeadline;
};

struct PolicyFacts {
  std::int64_t waiting = 0;  // requests with pairs of their own, none of them in the engine
  std::int64_t active = 0;   // requests with pairs in the engine
  std::int64_t queued_tokens = 0;
  std::uint64_t total_requests = 0;  // that had pairs in a chunk
  std::uint64_t total_batches = 0;
  std::uint64_t total_batch_requests = 0;  // requests summed over batches
};

class BatchPolicy {
 public:
  explicit BatchPolicy(const PolicyOptions& options);

  // A request without pairs of its own (all of them are computed for others) is never refused;
  // only its deadline is watched.
  std::optional<Refusal> admit(JobId job, Deadline deadline, Reservation wanted, TimePoint now);
  // More pairs fall to an admitted request, because whoever had them left: not refused.
  void extend(JobId job, Reservation more, TimePoint now);
  void give_back(JobId job, Reservation answered);
  // Out of what is reserved. Taken in this order.
  void ready(JobId job, std::span<const ReadyPair> pairs, TimePoint now);
  // As ready, but before those that are ready already.
  void ready_first(JobId job, std::span<const ReadyPair> pairs, TimePoint now);
  std::optional<Chunk> take(TimePoint now);
  // `tokens` as really computed.
  void chunk_done(const Chunk& chunk, std::int64_t tokens, Duration elapsed);
  void remove(JobId job);
  // The caller removes each of them.
  std::vector<Expired> expire(TimePoint now) const;

  // When expire() may have something; TimePoint::max() = never.
  TimePoint next_expiry() const;
  // When take() may give what it now holds back for company; TimePoint::max() = no such time.
  TimePoint take_again_at() const { return take_again_at_; }
  // Free workers that would get a chunk if they asked now.
  int wanted_workers() const;
  int max_parallel() const;
  PolicyFacts facts() const;

 private:
  struct Job {
    Deadline deadline = Deadline::never();
    Reservation reserved;
    std::deque<ReadyPair> ready;
    std::int64_t ready_tokens = 0;
    TimePoint ready_since{};  // of the oldest ready pair
    Reservation running;
    std::optional<TimePoint> queued_at;  // since when it waits for its first chunk
    std::optional<TimePoint> started_at;
    TimePoint timer = TimePoint::max();

    bool has_demand() const { return reserved.pairs > 0 || !ready.empty() || running.pairs > 0; }
    std::int64_t pending_tokens() const { return reserved.tokens + ready_tokens; }
  };

  enum class Place { kFront, kBack };

  Job& job(JobId id);
  void make_ready(JobId id, std::span<const ReadyPair> pairs, Place place, TimePoint now);
  // Applies `change` to a job and keeps every derived count and timer true.
  template <typename Change>
  void update(JobId id, Change change);
  void count(const Job& job, int sign);
  void set_timer(JobId id, Job& job);

  int free_workers() const { return options_.workers - running_chunks_; }
  double tokens_per_second() const;
  Duration predicted_wait(Deadline deadline, std::int64_t tokens) const;
  std::optional<Refusal> refuse(Deadline deadline, Reservation wanted, TimePoint now) const;

  std::optional<JobId> pick(TimePoint now, const Chunk& chunk);
  std::optional<JobId> pick_urgent(TimePoint now, const Chunk& chunk) const;
  bool may_join(JobId id, const Chunk& chunk) const;
  bool hold_for_company(TimePoint now);
  Duration worth_waiting() const;
  TimePoint oldest_ready() const;
  std::int64_t chunk_budget() const;
  bool fill(JobId id, std::int64_t budget, TimePoint now, Chunk& chunk);

  const PolicyOptions options_;
  FairQueue turns_;
  SpeedEstimate speed_;
  std::unordered_map<JobId, Job> jobs_;
  std::set<std::pair<TimePoint, JobId>> timers_;
  std::set<std::pair<TimePoint, JobId>> deadlines_;  // of jobs with pending tokens

  // Derived from jobs_.
  std::int64_t demanding_jobs_ = 0;
  std::int64_t active_jobs_ = 0;
  std::int64_t ready_jobs_ = 0;
  std::int64_t ready_tokens_ = 0;
  std::int64_t pending_tokens_ = 0;  // reserved and ready

  static constexpr Duration kArrivalGapMax = std::chrono::seconds(1);

  int running_chunks_ = 0;
  TimePoint take_again_at_ = TimePoint::max();
  std::optional<TimePoint> last_arrival_;
  Duration arrival_gap_ = kArrivalGapMax;  // smoothed
  PolicyFacts totals_;
};

}  // namespace rr::schedule
