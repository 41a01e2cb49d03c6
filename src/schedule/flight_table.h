// Pairs in flight inside this process: for each PairKey at most one computation, and the requests
// that wait for it. One waiter is the leader, to whose account (queue space, turns) the pair goes;
// when it leaves, another takes over, and the pair leaves only with the last waiter.
// Stages of a flight:
//   kAsked    the shared cache was asked; queue space may be reserved for it
//   kQueued   ours to compute, waiting for a worker
//   kRunning  in a worker's chunk; it stays in the table until the chunk ends, waiters or not
// Not thread-safe: the Scheduler holds its lock. References stay valid until close().
// Cost of every call: O(1), leaving O(waiters of the pair). Tested by flight_table_test.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cache/pair_key.h"

namespace rr::schedule {

using RequestId = std::uint64_t;
using FlightId = std::uint64_t;

struct Waiter {
  RequestId request = 0;
  std::uint32_t pair = 0;  // index into that request's pairs
};

enum class FlightStage { kAsked, kQueued, kRunning };

struct Flight {
  cache::PairKey key;
  FlightId id = 0;
  FlightStage stage = FlightStage::kAsked;
  bool reserved = false;        // the leader holds queue space for it
  int tokens_estimate = 0;      // what that space was counted as
  TimePoint claimed_at{};       // when the shared cache left it to us
  bool asked_again = false;     // because that was long ago when its turn came
  std::vector<Waiter> waiters;  // the first is the leader
};

class FlightTable {
 public:
  Flight* find(const cache::PairKey& key);
  Flight& at(FlightId id);
  // A new flight led by `leader`; the key must not be in flight.
  Flight& open(const cache::PairKey& key, Waiter leader, int tokens_estimate);

  enum class Left {
    kFollower,  // nothing changes for the pair
    kLeader,    // waiters[0] has taken over
    kLast,      // nobody waits any more
  };
  static Left leave(Flight& flight, RequestId request);

  void close(Flight& flight);
  std::size_t size() const { return by_key_.size(); }

 private:
  std::unordered_map<cache::PairKey, FlightId, cache::PairKeyHash> by_key_;
  std::deque<Flight> flights_;  // by id; a closed flight's place is used again
  std::vector<FlightId> free_;
};

}  // namespace rr::schedule
