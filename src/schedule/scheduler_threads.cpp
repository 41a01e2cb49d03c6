// The Scheduler's threads. A worker holds the lock only to take a chunk and to hand in its results;
// tokenizing, scoring and filling caches happen without it.
#include <algorithm>
#include <utility>

#include "schedule/scheduler.h"
#include "schedule/scheduler_state.h"

namespace rr::schedule {

namespace {

// Housekeeping looks around this often even when no timer is due, so that a new timer further away
// than that needs no wake-up.
constexpr Duration kHousekeepingTick = std::chrono::seconds(1);

Status expiry_status(ExpiryReason reason) {
  switch (reason) {
    case ExpiryReason::kDeadline:
      return Status(Code::kDeadlineExceeded, "the request's deadline has passed");
    case ExpiryReason::kQueueTimeout:
      return Status(Code::kDeadlineExceeded, "waited too long for a free slot");
    case ExpiryReason::kWorkerTimeout:
      return Status(Code::kDeadlineExceeded, "scoring took too long");
  }
  return Status(Code::kInternal, "unknown reason");
}

}  // namespace

// --- workers

void Scheduler::run_worker(int worker) {
  ChunkRunner runner(tokenizer_, executor_, worker, options_.max_retries, clock_);
  MutexLock lock(mutex_);
  while (!stopping_) {
    const std::optional<Chunk> chunk = policy_.take(clock_.now());
    if (!chunk) {
      work_.wait_until(lock, Deadline::at(policy_.take_again_at()));
      continue;
    }
    Effects effects;
    Running running = begin_chunk(*chunk);
    publish(effects);
    lock.unlock();
    if (effects.poke_housekeeping) {
      poke_housekeeping(std::nullopt);
    }
    if (!running.ask_again.empty()) {
      ask_shared(std::move(running.ask_again), Deadline::never());
    }
    std::span<const RunResult> results;
    if (!running.pairs.empty()) {
      begin_claims(running);
      results = runner.run(running.pairs, chunk->alone);
      fill_caches(running, results);
      count(*chunk, results, runner.times());
    }
    lock.lock();
    end_chunk(*chunk, running, results, runner.times(), effects);
    publish(effects);
    lock.unlock();
    deliver(effects);
    running = {};  // the last reference to a request must not fall under the lock
    effects = {};
    lock.lock();
  }
}

void Scheduler::wake_workers() {
  for (int wanted = policy_.wanted_workers(); wanted > 0; --wanted) {
    work_.notify_one();
  }
}

Scheduler::Running Scheduler::begin_chunk(const Chunk& chunk) {
  Running running;
  const TimePoint now = clock_.now();
  for (const JobId id : chunk.started) {
    requests_.at(id)->started_at = now;
  }
  for (const Chunk::Pair& taken : chunk.pairs) {
    Flight& flight = flights_.at(taken.pair);
    if (claim_is_old(flight, now)) {
      flight.stage = FlightStage::kAsked;
      flight.asked_again = true;
      running.ask_again.push_back(flight.key);
      continue;
    }
    flight.stage = FlightStage::kRunning;
    const Waiter& leader = flight.waiters.front();
    const std::shared_ptr<Request>& request = requests_.at(leader.request);
    const WorkPair& pair = request->work.pairs[leader.pair];
    running.flights.push_back(flight.id);
    running.pairs.push_back({pair.query.get(), pair.document, nobody_takes_cut(flight)});
    running.keys.push_back(flight.key);
    running.leaders.push_back(request);
  }
  return running;
}

// Another server may have taken over meanwhile. Asked once only, so that a slow queue cannot keep a
// pair from ever being computed.
bool Scheduler::claim_is_old(const Flight& flight, TimePoint now) const {
  return options_.claim_lifetime > Duration::zero() && !flight.asked_again &&
         now - flight.claimed_at > options_.claim_lifetime;
}

// Tells the shared cache that these are being computed, so that it keeps their claims alive.
void Scheduler::begin_claims(const Running& running) {
  for (std::size_t i = 0; i < running.keys.size();) {
    const cache::QueryKey query = running.keys[i].query;
    std::vector<Digest128> documents;
    for (; i < running.keys.size() && running.keys[i].query == query; ++i) {
      documents.push_back(running.keys[i].document);
    }
    shared_.start(query, std::move(documents));
  }
}

bool Scheduler::nobody_takes_cut(const Flight& flight) const {
  for (const Waiter& waiter : flight.waiters) {
    if (requests_.at(waiter.request)->work.too_long == TooLong::kCut) {
      return false;
    }
  }
  return true;
}

void Scheduler::fill_caches(const Running& running, std::span<const RunResult> results) {
  for (std::size_t i = 0; i < results.size();) {
    const cache::QueryKey query = running.keys[i].query;
    std::vector<std::pair<Digest128, cache::CachedScore>> scores;
    for (; i < results.size() && running.keys[i].query == query; ++i) {
      if (results[i].status.ok()) {
        const cache::CachedScore score{results[i].logit, results[i].truncated};
        local_.insert(running.keys[i], score);
        scores.emplace_back(running.keys[i].document, score);
      }
    }
    if (!scores.empty()) {
      shared_.store(query, std::move(scores));
    }
  }
}

void Scheduler::count(const Chunk& chunk,
                      std::span<const RunResult> results,
                      const RunTimes& times) {
  int computed = 0;
  int truncated = 0;
  std::int64_t tokens = 0;
  for (const RunResult& result : results) {
    computed += result.status.ok() ? 1 : 0;
    truncated += result.status.ok() && result.truncated ? 1 : 0;
    tokens += result.tokens;
  }
  metrics_.pairs(metrics::PairSource::kComputed).Increment(computed);
  metrics_.truncated_pairs_total.Increment(truncated);
  metrics_.tokens_total.Increment(static_cast<double>(tokens));
  metrics_.batches_total.Increment();
  metrics_.batch_requests.Observe(chunk.jobs);
  metrics_.batch_tokens.Observe(static_cast<double>(tokens));
  metrics_.stage_duration(metrics::Stage::kTokenize).Observe(to_seconds(times.tokenize));
  metrics_.stage_duration(metrics::Stage::kInference).Observe(to_seconds(times.inference));
}

void Scheduler::end_chunk(const Chunk& chunk,
                          const Running& running,
                          std::span<const RunResult> results,
                          const RunTimes& times,
                          Effects& effects) {
  std::int64_t tokens = 0;
  for (const RunResult& result : results) {
    tokens += result.tokens;
  }
  policy_.chunk_done(chunk, tokens, times.tokenize + times.inference);
  ReadyPairs again;
  for (std::size_t i = 0; i < results.size(); ++i) {
    Request& leader = *running.leaders[i];
    const auto share = [&](Duration time) {
      return tokens > 0 ? time * results[i].tokens / tokens : Duration::zero();
    };
    leader.tokenize_time += share(times.tokenize);
    leader.inference_time += share(times.inference);
    if (results[i].status.ok() && !results[i].truncated) {
      const RunPair& pair = running.pairs[i];
      estimate_.add(pair.query->text().size() + pair.document.size(), results[i].tokens);
    }
    end_pair(flights_.at(running.flights[i]), results[i], again, effects);
  }
  make_ready(again);
}

void Scheduler::end_pair(Flight& flight,
                         const RunResult& result,
                         ReadyPairs& again,
                         Effects& effects) {
  const Code code = result.status.code();
  if (code == Code::kOk) {
    settle(flight,
           {{result.logit, result.truncated}, metrics::PairSource::kComputed, result.tokens},
           effects);
    return;
  }
  if (code == Code::kNonFinite) {
    metrics_.nonfinite_total.Increment();
    settle_failed(flight, result.status, effects);
    return;
  }
  // What remains concerns waiters, not the pair: those it does not concern have it tried again.
  if (code == Code::kUnprocessable) {
    refuse_too_long(flight, result.status, effects);
  } else if (!flight.waiters.empty()) {
    const Waiter leader = flight.waiters.front();
    fail(leader.request, result.status, leader.pair, effects);
  }
  if (flight.waiters.empty()) {
    effects.released.push_back(flight.key);
    flights_.close(flight);
  } else {
    queue_flight(flight, again);
  }
}

// Somebody who takes a cut pair may have joined while it was being tokenized: it stays.
void Scheduler::refuse_too_long(Flight& flight, const Status& status, Effects& effects) {
  const std::vector<Waiter> waiters = flight.waiters;
  for (const Waiter& waiter : waiters) {
    if (requests_.at(waiter.request)->work.too_long == TooLong::kRefuse) {
      fail(waiter.request, status, waiter.pair, effects);
    }
  }
}

// --- housekeeping

void Scheduler::poke_housekeeping(std::optional<RequestId> cancelled) {
  MutexLock lock(wake_mutex_);
  if (cancelled) {
    cancelled_.push_back(*cancelled);
  }
  poked_ = true;
  wake_.notify_one();
}

void Scheduler::run_housekeeping() {
  TimePoint clean_at = clock_.now() + options_.cache_clean_interval;
  while (true) {
    std::vector<RequestId> cancelled;
    {
      MutexLock lock(wake_mutex_);
      if (housekeeping_stops_) {
        return;
      }
      poked_ = false;
      cancelled.swap(cancelled_);
    }
    if (clock_.now() >= clean_at) {
      local_.erase_expired();
      clean_at = clock_.now() + options_.cache_clean_interval;
    }
    Effects effects;
    TimePoint wake_at = clean_at;
    {
      MutexLock lock(mutex_);
      expire(cancelled, effects);
      wake_at = std::min({wake_at, policy_.next_expiry(), clock_.now() + kHousekeepingTick});
      housekeeping_at_ = wake_at;
      publish(effects);
      effects.poke_housekeeping = false;  // that is this thread
    }
    deliver(effects);
    effects = {};
    MutexLock lock(wake_mutex_);
    while (!poked_ && !housekeeping_stops_ && wake_.wait_until(lock, Deadline::at(wake_at))) {
    }
  }
}

void Scheduler::expire(std::span<const RequestId> cancelled, Effects& effects) {
  for (const RequestId id : cancelled) {
    fail(id, Status(Code::kCancelled, "the client left"), std::nullopt, effects);
  }
  for (const Expired& expired : policy_.expire(clock_.now())) {
    fail(expired.job, expiry_status(expired.reason), std::nullopt, effects);
  }
}

}  // namespace rr::schedule
