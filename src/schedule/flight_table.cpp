#include "schedule/flight_table.h"

#include <algorithm>

#include "base/check.h"

namespace rr::schedule {

Flight* FlightTable::find(const cache::PairKey& key) {
  const auto found = by_key_.find(key);
  return found != by_key_.end() ? &flights_[found->second] : nullptr;
}

Flight& FlightTable::at(FlightId id) {
  RR_DCHECK(id < flights_.size());
  return flights_[id];
}

Flight& FlightTable::open(const cache::PairKey& key, Waiter leader, int tokens_estimate) {
  if (free_.empty()) {
    free_.push_back(flights_.size());
    flights_.emplace_back();
  }
  const FlightId id = free_.back();
  free_.pop_back();
  RR_CHECK(by_key_.emplace(key, id).second);
  Flight& flight = flights_[id];
  flight.key = key;
  flight.id = id;
  flight.stage = FlightStage::kAsked;
  flight.reserved = false;
  flight.tokens_estimate = tokens_estimate;
  flight.asked_again = false;
  flight.waiters.assign(1, leader);
  return flight;
}

FlightTable::Left FlightTable::leave(Flight& flight, RequestId request) {
  const auto found =
      std::find_if(flight.waiters.begin(), flight.waiters.end(), [request](const Waiter& waiter) {
        return waiter.request == request;
      });
  RR_CHECK(found != flight.waiters.end());
  const bool led = found == flight.waiters.begin();
  flight.waiters.erase(found);
  if (flight.waiters.empty()) {
    return Left::kLast;
  }
  return led ? Left::kLeader : Left::kFollower;
}

void FlightTable::close(Flight& flight) {
  by_key_.erase(flight.key);
  flight.waiters.clear();
  free_.push_back(flight.id);
  if (by_key_.empty()) {  // after a burst: give the memory back
    flights_.clear();
    free_.clear();
  }
}

}  // namespace rr::schedule
