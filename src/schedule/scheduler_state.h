// What the Scheduler's two .cpp files share and nobody else sees: a request's state, a chunk on its
// way through a worker, and what is to be done once the lock is gone.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "schedule/scheduler.h"

namespace rr::schedule {

// Guarded by the Scheduler's mutex until it is finished, then owned by whoever delivers it.
struct Scheduler::Request {
  Request(Work given, TimePoint now)
      : work(std::move(given)),
        flights(work.pairs.size()),
        outcomes(work.pairs.size()),
        settled(work.pairs.size(), false),
        remaining(work.pairs.size()),
        joined_at(now) {}

  RequestId id = 0;
  Work work;
  std::vector<FlightId> flights;  // by pair; meaningful while the pair is not settled
  std::vector<PairOutcome> outcomes;
  std::vector<bool> settled;
  std::size_t remaining;
  const TimePoint joined_at;
  std::optional<TimePoint> started_at;
  Duration tokenize_time{};
  Duration inference_time{};
  // Destroyed with the request, never under a lock: destruction waits for a running callback.
  CancelToken::Registration registration;
};

// Filled under the lock, carried out by deliver() after it.
struct Scheduler::Effects {
  struct Finished {
    std::shared_ptr<Request> request;
    WorkOutcome outcome;
  };
  std::vector<Finished> finished;
  std::vector<cache::PairKey> released;  // claimed in the shared cache, not computed after all
  int cancelled_pairs = 0;
  bool poke_housekeeping = false;
};

struct Scheduler::Running {
  std::vector<FlightId> flights;
  std::vector<RunPair> pairs;
  std::vector<cache::PairKey> keys;
  std::vector<std::shared_ptr<Request>> leaders;  // by pair; keep the texts alive
  std::vector<cache::PairKey> ask_again;          // of the chunk, but their claims have grown old
};

// What the shared cache was asked, all of one query; lives until its last answer.
struct Scheduler::Question {
  std::vector<cache::PairKey> keys;
  std::atomic<std::size_t> unanswered = 0;
};

}  // namespace rr::schedule
