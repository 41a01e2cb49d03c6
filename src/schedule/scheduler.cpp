#include "schedule/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "schedule/scheduler_state.h"

namespace rr::schedule {

namespace {

PolicyOptions policy_options(const SchedulerOptions& options, const engine::Executor& executor) {
  PolicyOptions policy = options.policy;
  policy.workers = executor.workers();
  policy.chunk_tokens = std::min(policy.chunk_tokens, executor.batch_tokens());
  return policy;
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options, const Parts& parts)
    : options_(options),
      tokenizer_(parts.tokenizer),
      executor_(parts.executor),
      local_(parts.local),
      shared_(parts.shared),
      metrics_(parts.metrics),
      clock_(parts.clock),
      policy_(policy_options(options, parts.executor)) {}

std::shared_ptr<Scheduler> Scheduler::start(const SchedulerOptions& options, const Parts& parts) {
  std::shared_ptr<Scheduler> scheduler(new Scheduler(options, parts));
  Scheduler* const self = scheduler.get();  // the threads end in stop(), before it dies
  for (int worker = 0; worker < parts.executor.workers(); ++worker) {
    scheduler->threads_.emplace_back([self, worker] { self->run_worker(worker); });
  }
  scheduler->threads_.emplace_back([self] { self->run_housekeeping(); });
  return scheduler;
}

Scheduler::~Scheduler() {
  stop();
}

// --- a request comes in

Joined Scheduler::join(Work work) {
  RR_CHECK(!work.pairs.empty());
  const CancelToken cancel = work.cancel;
  const TimePoint now = clock_.now();
  const auto request = std::make_shared<Request>(std::move(work), now);
  Joined joined;
  Effects effects;
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      joined.refusal = Refusal{metrics::RejectReason::kDraining, 1};
      return joined;
    }
    request->id = next_id_++;
    Reservation reservation;
    for (std::uint32_t pair = 0; pair < request->work.pairs.size(); ++pair) {
      add_pair(*request, pair, reservation, joined);
    }
    joined.refusal = policy_.admit(request->id, request->work.deadline, reservation, now);
    if (joined.refusal) {
      Effects nothing_was_begun;
      leave_flights(*request, nothing_was_begun);
      return joined;
    }
    requests_.emplace(request->id, request);
    for (std::uint32_t pair = 0; pair < request->work.pairs.size(); ++pair) {
      if (request->settled[pair]) {
        const PairOutcome known = request->outcomes[pair];
        give({request->id, pair}, known, effects);
      }
    }
    publish(effects);
  }
  deliver(effects);
  request->registration = cancel.on_cancel([self = weak_from_this(), id = request->id] {
    if (const auto scheduler = self.lock()) {
      scheduler->poke_housekeeping(id);
    }
  });
  return joined;
}

void Scheduler::add_pair(Request& request,
                         std::uint32_t pair,
                         Reservation& reservation,
                         Joined& joined) {
  const WorkPair& wanted = request.work.pairs[pair];
  if (Flight* flight = flights_.find(wanted.key)) {
    flight->waiters.push_back({request.id, pair});
    request.flights[pair] = flight->id;
    return;
  }
  // Its flight may have ended between the caller's look into the cache and this lock.
  if (const auto known = local_.peek(wanted.key)) {
    request.settled[pair] = true;
    request.outcomes[pair] = {*known, metrics::PairSource::kLocalCache, 0};
    return;
  }
  const int tokens = estimate_.of(wanted.query->text().size() + wanted.document.size(),
                                  wanted.query->options().max_length);
  Flight& flight = flights_.open(wanted.key, {request.id, pair}, tokens);
  flight.reserved = true;
  request.flights[pair] = flight.id;
  reservation.pairs += 1;
  reservation.tokens += tokens;
  joined.led.push_back(wanted.key);
}

// --- the shared cache is asked, and answers

void Scheduler::ask_shared(std::vector<cache::PairKey> keys, Deadline deadline) {
  for (std::size_t i = 0; i < keys.size();) {
    const cache::QueryKey query = keys[i].query;
    const auto question = std::make_shared<Question>();
    std::vector<Digest128> documents;
    for (; i < keys.size() && keys[i].query == query; ++i) {
      question->keys.push_back(keys[i]);
      documents.push_back(keys[i].document);
    }
    question->unanswered = documents.size();
    shared_.lookup_and_claim(
        query,
        std::move(documents),
        deadline,
        [question, self = shared_from_this()](std::span<const cache::RemoteAnswer> answers,
                                              std::size_t waiting) {
          const std::size_t left = question->unanswered -= answers.size();
          self->answered(*question, answers, left, waiting);
        });
  }
}

void Scheduler::answered(const Question& question,
                         std::span<const cache::RemoteAnswer> answers,
                         std::size_t unanswered,
                         std::size_t waiting) {
  Effects effects;
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    ReadyPairs ready;
    for (const cache::RemoteAnswer& answer : answers) {
      apply_answer(question.keys[answer.index], answer, ready, effects);
    }
    if (waiting > 0 && waiting == unanswered) {
      for (const cache::PairKey& key : question.keys) {
        if (Flight* flight = flights_.find(key)) {
          give_back(*flight);
        }
      }
    }
    make_ready(ready);
    publish(effects);
  }
  deliver(effects);
}

void Scheduler::apply_answer(const cache::PairKey& key,
                             const cache::RemoteAnswer& answer,
                             ReadyPairs& ready,
                             Effects& effects) {
  Flight* const flight = flights_.find(key);
  if (answer.kind == cache::RemoteAnswer::Kind::kScore) {
    local_.insert(key, answer.score);
    if (flight != nullptr && flight->stage == FlightStage::kAsked) {
      give_back(*flight);
      settle(*flight,
             {answer.score,
              answer.joined ? metrics::PairSource::kRemoteJoined : metrics::PairSource::kRedis,
              0},
             effects);
    }
    return;
  }
  if (flight == nullptr) {
    effects.released.push_back(key);  // everybody left while the question was out
  } else if (flight->stage == FlightStage::kAsked) {
    flight->claimed_at = clock_.now();
    queue_flight(*flight, ready);
  }
}

// The pair no longer takes queue space: somebody else computes it.
void Scheduler::give_back(Flight& flight) {
  if (flight.stage == FlightStage::kAsked && flight.reserved) {
    flight.reserved = false;
    policy_.give_back(flight.waiters.front().request, {1, flight.tokens_estimate});
  }
}

void Scheduler::queue_flight(Flight& flight, ReadyPairs& ready) {
  const RequestId leader = flight.waiters.front().request;
  if (!flight.reserved) {
    policy_.extend(leader, {1, flight.tokens_estimate}, clock_.now());
  }
  flight.reserved = false;
  flight.stage = FlightStage::kQueued;
  ready[leader].push_back({flight.id, flight.tokens_estimate});
}

void Scheduler::make_ready(ReadyPairs& ready) {
  const TimePoint now = clock_.now();
  for (auto& [leader, pairs] : ready) {
    // Longest first: what is left for the last chunks is then easy to share out evenly.
    std::stable_sort(pairs.begin(), pairs.end(), [](const ReadyPair& a, const ReadyPair& b) {
      return a.tokens > b.tokens;
    });
    // What had its turn already gets the next one.
    const auto rest = std::stable_partition(
        pairs.begin(), pairs.end(), [this](const ReadyPair& pair) RR_REQUIRES(mutex_) {
          return flights_.at(pair.pair).asked_again;
        });
    policy_.ready_first(leader, {pairs.begin(), rest}, now);
    policy_.ready(leader, {rest, pairs.end()}, now);
  }
  wake_workers();
}

// --- pairs are settled

std::vector<Waiter> Scheduler::close_flight(Flight& flight) {
  std::vector<Waiter> waiters = std::move(flight.waiters);
  flights_.close(flight);
  for (const Waiter& waiter : waiters) {
    requests_.at(waiter.request)->settled[waiter.pair] = true;
  }
  return waiters;
}

void Scheduler::settle(Flight& flight, const PairOutcome& outcome, Effects& effects) {
  PairOutcome given = outcome;
  for (const Waiter& waiter : close_flight(flight)) {
    give(waiter, given, effects);
    given.source = metrics::PairSource::kJoined;  // all but the leader
    given.tokens = 0;
  }
}

void Scheduler::settle_failed(Flight& flight, const Status& status, Effects& effects) {
  effects.released.push_back(flight.key);
  for (const Waiter& waiter : close_flight(flight)) {
    fail(waiter.request, status, waiter.pair, effects);
  }
}

void Scheduler::give(const Waiter& waiter, const PairOutcome& outcome, Effects& effects) {
  const auto found = requests_.find(waiter.request);
  if (found == requests_.end()) {
    return;  // failed by another of its pairs a moment ago
  }
  const std::shared_ptr<Request> request = found->second;
  if (outcome.score.truncated && request->work.too_long == TooLong::kRefuse) {
    const int max_length = request->work.pairs[waiter.pair].query->options().max_length;
    fail(waiter.request, too_long_status(max_length), waiter.pair, effects);
    return;
  }
  request->outcomes[waiter.pair] = outcome;
  if (--request->remaining > 0) {
    return;
  }
  requests_.erase(found);
  policy_.remove(waiter.request);
  WorkOutcome done;
  done.pairs = std::move(request->outcomes);
  done.tokenize_time = request->tokenize_time;
  done.inference_time = request->inference_time;
  if (request->started_at) {
    done.queue_time = *request->started_at - request->joined_at;
  }
  effects.finished.push_back({request, std::move(done)});
}

void Scheduler::fail(RequestId id,
                     Status status,
                     std::optional<std::uint32_t> pair,
                     Effects& effects) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) {
    return;
  }
  const std::shared_ptr<Request> request = found->second;
  requests_.erase(found);
  policy_.remove(id);
  leave_flights(*request, effects);
  WorkOutcome failed;
  failed.status = std::move(status);
  failed.failed_pair = pair;
  effects.finished.push_back({request, std::move(failed)});
}

void Scheduler::leave_flights(Request& request, Effects& effects) {
  ReadyPairs ready;
  for (std::size_t pair = 0; pair < request.flights.size(); ++pair) {
    if (request.settled[pair]) {
      continue;
    }
    request.settled[pair] = true;
    Flight& flight = flights_.at(request.flights[pair]);
    const FlightTable::Left left = FlightTable::leave(flight, request.id);
    if (left == FlightTable::Left::kLeader) {
      hand_over(flight, ready);
    } else if (left == FlightTable::Left::kLast && flight.stage != FlightStage::kRunning) {
      ++effects.cancelled_pairs;
      if (flight.stage == FlightStage::kQueued) {
        effects.released.push_back(flight.key);
      }
      flights_.close(flight);
    }
  }
  make_ready(ready);
}

// A new leader has the pair put to its account, where it takes the place it had.
void Scheduler::hand_over(Flight& flight, ReadyPairs& ready) {
  const RequestId leader = flight.waiters.front().request;
  if (flight.stage == FlightStage::kQueued) {
    queue_flight(flight, ready);
  } else if (flight.stage == FlightStage::kAsked && flight.reserved) {
    policy_.extend(leader, {1, flight.tokens_estimate}, clock_.now());
  }
}

// --- after the lock

void Scheduler::publish(Effects& effects) {
  const PolicyFacts facts = policy_.facts();
  metrics_.queue_requests.Set(static_cast<double>(facts.waiting));
  metrics_.queue_tokens.Set(static_cast<double>(facts.queued_tokens));
  metrics_.active_requests.Set(static_cast<double>(facts.active));
  effects.poke_housekeeping = policy_.next_expiry() < housekeeping_at_;
}

void Scheduler::deliver(Effects& effects) {
  if (effects.poke_housekeeping) {
    poke_housekeeping(std::nullopt);
  }
  if (effects.cancelled_pairs > 0) {
    metrics_.cancelled_pairs_total.Increment(effects.cancelled_pairs);
  }
  release(std::move(effects.released));
  for (Effects::Finished& finished : effects.finished) {
    for (const PairOutcome& pair : finished.outcome.pairs) {
      if (pair.source != metrics::PairSource::kComputed) {  // those count when computed
        metrics_.pairs(pair.source).Increment();
      }
    }
    // Moved out first, so that what it holds goes with this call.
    const std::function<void(WorkOutcome)> done = std::move(finished.request->work.done);
    done(std::move(finished.outcome));
  }
  effects.finished.clear();
}

void Scheduler::release(std::vector<cache::PairKey> keys) {
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 0; i < keys.size();) {
    const cache::QueryKey query = keys[i].query;
    std::vector<Digest128> documents;
    for (; i < keys.size() && keys[i].query == query; ++i) {
      documents.push_back(keys[i].document);
    }
    shared_.release(query, std::move(documents));
  }
}

PolicyFacts Scheduler::facts() const {
  MutexLock lock(mutex_);
  return policy_.facts();
}

int Scheduler::max_parallel() const {
  MutexLock lock(mutex_);
  return policy_.max_parallel();
}

std::size_t Scheduler::pairs_in_flight() const {
  MutexLock lock(mutex_);
  return flights_.size();
}

void Scheduler::stop() {
  Effects effects;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
    std::vector<RequestId> left;
    for (const auto& [id, request] : requests_) {
      left.push_back(id);
    }
    for (const RequestId id : left) {
      fail(id, Status(Code::kUnavailable, "the server is stopping"), std::nullopt, effects);
    }
    publish(effects);
  }
  {
    MutexLock lock(wake_mutex_);
    housekeeping_stops_ = true;
    wake_.notify_all();
  }
  deliver(effects);
  threads_.clear();  // joins
}

}  // namespace rr::schedule
