#include "schedule/batch_policy.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace rr::schedule {

namespace {

// A request is fresh (goes before those that rotate) for its first kFreshChunks chunks of tokens.
constexpr std::int64_t kFreshChunks = 4;
// Admission believes only this share of the time that is left, for arrivals and noise to come.
constexpr double kAdmissionShare = 0.9;
// Deadlines are at risk when less than this share of the time left to them is unspoken for.
constexpr double kUrgentShare = 0.05;
// A small request is spread over free workers in pieces of at least this many tokens.
constexpr std::int64_t kSplitTokensMin = 64;
constexpr int kRetryAfterMax = 600;

int retry_after(double seconds) {
  return static_cast<int>(std::clamp(std::ceil(seconds), 1.0, double{kRetryAfterMax}));
}

}  // namespace

BatchPolicy::BatchPolicy(const PolicyOptions& options)
    : options_(options), turns_(options.chunk_tokens, kFreshChunks * options.chunk_tokens) {
  RR_CHECK(options.workers > 0 && options.chunk_tokens > 0 && options.chunk_pairs > 0);
  RR_CHECK(options.max_parallel > 0 && options.max_queue >= 0 && options.micro_batch_requests > 0);
}

int BatchPolicy::max_parallel() const {
  return options_.micro_batching ? options_.micro_batch_requests : options_.max_parallel;
}

// --- book-keeping

BatchPolicy::Job& BatchPolicy::job(JobId id) {
  const auto found = jobs_.find(id);
  RR_CHECK(found != jobs_.end());
  return found->second;
}

template <typename Change>
void BatchPolicy::update(JobId id, Change change) {
  Job& one = job(id);
  count(one, -1);
  const bool was_pending = one.pending_tokens() > 0;
  change(one);
  count(one, +1);
  if (one.ready.empty()) {
    turns_.erase(id);
  } else {
    turns_.insert(id);
  }
  const bool is_pending = one.pending_tokens() > 0;
  if (was_pending != is_pending && !one.deadline.is_never()) {
    if (is_pending) {
      deadlines_.emplace(one.deadline.time(), id);
    } else {
      deadlines_.erase({one.deadline.time(), id});
    }
  }
  set_timer(id, one);
}

void BatchPolicy::count(const Job& job, int sign) {
  demanding_jobs_ += job.has_demand() ? sign : 0;
  active_jobs_ += job.running.pairs > 0 ? sign : 0;
  ready_jobs_ += job.ready.empty() ? 0 : sign;
  ready_tokens_ += sign * job.ready_tokens;
  pending_tokens_ += sign * job.pending_tokens();
}

void BatchPolicy::set_timer(JobId id, Job& job) {
  TimePoint timer = job.deadline.time();
  if (job.started_at) {
    timer = std::min(timer, *job.started_at + options_.worker_timeout);
  } else if (job.queued_at) {
    timer = std::min(timer, *job.queued_at + options_.queue_timeout);
  }
  if (timer == job.timer) {
    return;
  }
  timers_.erase({job.timer, id});
  job.timer = timer;
  if (timer != TimePoint::max()) {
    timers_.emplace(timer, id);
  }
}

// --- admission

double BatchPolicy::tokens_per_second() const {
  return speed_.tokens_per_second() * options_.workers;
}

// How long `tokens` arriving now with this deadline would take: the work of others that goes first
// is all of it where their deadline is earlier, otherwise at most as much as our own, since turns
// are fair.
Duration BatchPolicy::predicted_wait(Deadline deadline, std::int64_t tokens) const {
  std::int64_t before_us = 0;
  for (const auto& [id, other] : jobs_) {
    const std::int64_t pending = other.pending_tokens();
    const bool goes_first = other.deadline.time() <= deadline.time() && !other.deadline.is_never();
    before_us += goes_first ? pending : std::min(pending, tokens);
  }
  if (before_us == 0) {
    return Duration::zero();
  }
  const double seconds = static_cast<double>(before_us + tokens) / tokens_per_second();
  return from_seconds(std::min(seconds, 1e6));
}

std::optional<Refusal> BatchPolicy::refuse(Deadline deadline,
                                           Reservation wanted,
                                           TimePoint now) const {
  const double speed = tokens_per_second();
  if (demanding_jobs_ >= std::int64_t{max_parallel()} + options_.max_queue) {
    // Until one of those in the queue is through.
    const double each = static_cast<double>(pending_tokens_) / static_cast<double>(demanding_jobs_);
    return Refusal{metrics::RejectReason::kQueueFull, retry_after(speed > 0 ? each / speed : 1)};
  }
  if (speed <= 0) {
    return std::nullopt;
  }
  const Duration wait = predicted_wait(deadline, wanted.tokens);
  const double allowed =
      std::min(to_seconds(options_.queue_timeout),
               deadline.is_never() ? 1e9 : kAdmissionShare * to_seconds(deadline.left(now)));
  if (to_seconds(wait) <= allowed) {
    return std::nullopt;
  }
  return Refusal{metrics::RejectReason::kPredictedWait, retry_after(to_seconds(wait) - allowed)};
}

std::optional<Refusal> BatchPolicy::admit(JobId id,
                                          Deadline deadline,
                                          Reservation wanted,
                                          TimePoint now) {
  RR_CHECK(!jobs_.contains(id));
  if (wanted.pairs > 0) {
    if (const auto refusal = refuse(deadline, wanted, now)) {
      return refusal;
    }
  }
  Job& added = jobs_[id];
  added.deadline = deadline;
  set_timer(id, added);
  if (wanted.pairs > 0) {
    extend(id, wanted, now);
  }
  return std::nullopt;
}

void BatchPolicy::extend(JobId id, Reservation more, TimePoint now) {
  update(id, [&](Job& job) {
    job.reserved.pairs += more.pairs;
    job.reserved.tokens += more.tokens;
    if (!job.queued_at) {
      job.queued_at = now;
    }
  });
}

void BatchPolicy::give_back(JobId id, Reservation answered) {
  update(id, [&](Job& job) {
    job.reserved.pairs -= answered.pairs;
    job.reserved.tokens -= answered.tokens;
    RR_CHECK(job.reserved.pairs >= 0 && job.reserved.tokens >= 0);
    if (!job.has_demand() && !job.started_at) {
      job.queued_at.reset();  // it waits for others only, not for a slot
    }
  });
}

void BatchPolicy::ready(JobId id, std::span<const ReadyPair> pairs, TimePoint now) {
  if (pairs.empty()) {
    return;
  }
  if (last_arrival_) {
    arrival_gap_ = (arrival_gap_ * 7 + std::min(now - *last_arrival_, kArrivalGapMax)) / 8;
  }
  last_arrival_ = now;
  make_ready(id, pairs, Place::kBack, now);
}

void BatchPolicy::ready_first(JobId id, std::span<const ReadyPair> pairs, TimePoint now) {
  if (!pairs.empty()) {
    make_ready(id, pairs, Place::kFront, now);
  }
}

void BatchPolicy::make_ready(JobId id,
                             std::span<const ReadyPair> pairs,
                             Place place,
                             TimePoint now) {
  update(id, [&](Job& job) {
    if (job.ready.empty()) {
      job.ready_since = now;
    }
    job.ready.insert(
        place == Place::kFront ? job.ready.begin() : job.ready.end(), pairs.begin(), pairs.end());
    for (const ReadyPair& pair : pairs) {
      job.ready_tokens += pair.tokens;
      job.reserved.tokens -= pair.tokens;
      --job.reserved.pairs;
    }
    RR_CHECK(job.reserved.pairs >= 0 && job.reserved.tokens >= 0);
  });
}

// --- forming chunks

std::optional<Chunk> BatchPolicy::take(TimePoint now) {
  take_again_at_ = TimePoint::max();
  if (ready_jobs_ == 0 || free_workers() <= 0 || hold_for_company(now)) {
    return std::nullopt;
  }
  const std::int64_t budget = chunk_budget();
  Chunk chunk;
  do {
    const std::optional<JobId> next = pick(now, chunk);
    if (!next || !fill(*next, budget, now, chunk)) {
      break;
    }
  } while (options_.micro_batching && chunk.jobs < options_.micro_batch_requests);
  if (chunk.pairs.empty()) {
    return std::nullopt;
  }
  ++running_chunks_;
  chunk.alone = options_.workers > 1 && running_chunks_ == 1 && ready_tokens_ == 0;
  ++totals_.total_batches;
  totals_.total_batch_requests += static_cast<std::uint64_t>(chunk.jobs);
  totals_.total_requests += chunk.started.size();
  return chunk;
}

// What one worker takes: a full chunk, or when there is less work than that for all free workers,
// an equal part of it.
std::int64_t BatchPolicy::chunk_budget() const {
  const std::int64_t workers = free_workers();
  const std::int64_t part = (ready_tokens_ + workers - 1) / workers;
  return std::min<std::int64_t>(options_.chunk_tokens, std::max(part, kSplitTokensMin));
}

int BatchPolicy::wanted_workers() const {
  if (ready_jobs_ == 0 || free_workers() <= 0) {
    return 0;
  }
  const std::int64_t chunks = (ready_tokens_ + chunk_budget() - 1) / chunk_budget();
  return static_cast<int>(std::clamp<std::int64_t>(chunks, 1, free_workers()));
}

// Moves pairs of one request into the chunk; false when not all of the request's pairs fitted, so
// that the chunk is full.
bool BatchPolicy::fill(JobId id, std::int64_t budget, TimePoint now, Chunk& chunk) {
  std::int64_t taken = 0;
  bool fits = true;
  update(id, [&](Job& job) {
    while (!job.ready.empty()) {
      const ReadyPair pair = job.ready.front();
      fits = static_cast<int>(chunk.pairs.size()) < options_.chunk_pairs &&
             (chunk.pairs.empty() || chunk.tokens + pair.tokens <= budget);
      if (!fits) {
        break;
      }
      job.ready.pop_front();
      job.ready_tokens -= pair.tokens;
      ++job.running.pairs;
      job.running.tokens += pair.tokens;
      chunk.pairs.push_back({id, pair.pair, pair.tokens});
      chunk.tokens += pair.tokens;
      taken += pair.tokens;
    }
    if (taken > 0) {
      ++chunk.jobs;
      if (!job.started_at) {
        job.started_at = now;
        chunk.started.push_back(id);
      }
    }
  });
  if (taken > 0) {
    turns_.charge(id, taken);
  }
  return fits;
}

bool BatchPolicy::may_join(JobId id, const Chunk& chunk) const {
  if (options_.micro_batching) {
    // Only the last request put into the chunk can have pairs left, and then the chunk is full.
    return chunk.pairs.empty() || chunk.pairs.back().job != id;
  }
  return active_jobs_ < options_.max_parallel || jobs_.at(id).running.pairs > 0;
}

std::optional<JobId> BatchPolicy::pick(TimePoint now, const Chunk& chunk) {
  if (const auto urgent = pick_urgent(now, chunk)) {
    return urgent;
  }
  return turns_.next([&](JobId id) { return may_join(id, chunk); });
}

// Fair turns let late arrivals pass, which is harmless while everybody's deadline still leaves
// room. Walking the deadlines in order and adding up the work due by each shows whether room is
// left; where it is not, the earliest deadline goes first, which meets all of them if anything can
// (Liu and Layland 1973). Requests that cannot be in time even alone do not count: they would
// drag the others down with them.
std::optional<JobId> BatchPolicy::pick_urgent(TimePoint now, const Chunk& chunk) const {
  const double speed = tokens_per_second();
  if (speed <= 0) {
    return std::nullopt;
  }
  const double chunk_seconds = options_.chunk_tokens * options_.workers / speed;
  std::optional<JobId> first;
  double due = 0;
  for (const auto& [deadline, id] : deadlines_) {
    const double left = to_seconds(deadline - now);
    const Job& job = jobs_.at(id);
    const double own = static_cast<double>(job.pending_tokens()) / speed;
    if (own > left) {
      continue;
    }
    due += own;
    if (!first && !job.ready.empty() && may_join(id, chunk)) {
      first = id;
    }
    if (left - due < kUrgentShare * left + chunk_seconds) {
      return first;
    }
  }
  return std::nullopt;
}

// Company is worth as long as it saves: the fixed cost of one chunk. Waiting pays only while
// something else runs (an idle engine never waits), while the chunk is not full, and when the next
// request is likely to come in that time. The window bounds it all.
Duration BatchPolicy::worth_waiting() const {
  const Duration overhead = speed_.chunk_overhead();
  return arrival_gap_ <= overhead ? std::min(overhead, options_.micro_batch_window)
                                  : Duration::zero();
}

bool BatchPolicy::hold_for_company(TimePoint now) {
  if (!options_.micro_batching || running_chunks_ == 0 || ready_tokens_ >= options_.chunk_tokens ||
      ready_jobs_ >= options_.micro_batch_requests) {
    return false;
  }
  const Duration wait = worth_waiting();
  if (wait <= Duration::zero()) {
    return false;
  }
  const TimePoint until = oldest_ready() + wait;
  if (now >= until) {
    return false;
  }
  take_again_at_ = until;
  return true;
}

// Few requests are ready when this is asked: less than a chunk's tokens.
TimePoint BatchPolicy::oldest_ready() const {
  TimePoint oldest = TimePoint::max();
  for (const auto& [id, job] : jobs_) {
    if (!job.ready.empty()) {
      oldest = std::min(oldest, job.ready_since);
    }
  }
  return oldest;
}

void BatchPolicy::chunk_done(const Chunk& chunk, std::int64_t tokens, Duration elapsed) {
  RR_CHECK(running_chunks_ > 0);
  --running_chunks_;
  // What several workers did together tells little of one.
  if (!chunk.alone || speed_.tokens_per_second() == 0) {
    speed_.add(tokens, elapsed);
  }
  for (const Chunk::Pair& pair : chunk.pairs) {
    if (jobs_.contains(pair.job)) {  // it may have been removed while the chunk ran
      update(pair.job, [&](Job& job) {
        --job.running.pairs;
        job.running.tokens -= pair.tokens;
      });
    }
  }
}

// --- leaving

void BatchPolicy::remove(JobId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) {
    return;
  }
  count(found->second, -1);
  timers_.erase({found->second.timer, id});
  deadlines_.erase({found->second.deadline.time(), id});
  turns_.forget(id);
  jobs_.erase(found);
}

std::vector<Expired> BatchPolicy::expire(TimePoint now) const {
  std::vector<Expired> expired;
  for (const auto& [timer, id] : timers_) {
    if (timer > now) {
      break;
    }
    const Job& job = jobs_.at(id);
    const ExpiryReason reason = job.deadline.passed(now) ? ExpiryReason::kDeadline
                                : job.started_at         ? ExpiryReason::kWorkerTimeout
                                                         : ExpiryReason::kQueueTimeout;
    expired.push_back({id, reason});
  }
  return expired;
}

TimePoint BatchPolicy::next_expiry() const {
  return timers_.empty() ? TimePoint::max() : timers_.begin()->first;
}

PolicyFacts BatchPolicy::facts() const {
  PolicyFacts facts = totals_;
  facts.waiting = demanding_jobs_ - active_jobs_;
  facts.active = active_jobs_;
  facts.queued_tokens = pending_tokens_;
  return facts;
}

}  // namespace rr::schedule
