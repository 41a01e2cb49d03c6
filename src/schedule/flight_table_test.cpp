#include "schedule/flight_table.h"

#include <gtest/gtest.h>

#include <string>

namespace rr::schedule {
namespace {

cache::PairKey key(int number) {
  return {{digest128("q")}, digest128(std::to_string(number))};
}

TEST(FlightTable, FindsWhatIsInFlightUntilItIsClosed) {
  FlightTable table;
  EXPECT_EQ(table.find(key(1)), nullptr);
  Flight& flight = table.open(key(1), {10, 0}, 5);
  EXPECT_EQ(table.find(key(1)), &flight);
  EXPECT_EQ(&table.at(flight.id), &flight);
  table.close(flight);
  EXPECT_EQ(table.find(key(1)), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST(FlightTable, AClosedPlaceIsUsedAgainWithAFreshState) {
  FlightTable table;
  table.open(key(0), {1, 0}, 1);
  Flight& first = table.open(key(1), {10, 0}, 5);
  const FlightId id = first.id;
  first.stage = FlightStage::kRunning;
  first.reserved = true;
  table.close(first);
  const Flight& second = table.open(key(2), {11, 3}, 6);
  EXPECT_EQ(second.id, id);
  EXPECT_EQ(second.stage, FlightStage::kAsked);
  EXPECT_FALSE(second.reserved);
  ASSERT_EQ(second.waiters.size(), 1U);
  EXPECT_EQ(second.waiters[0].request, 11U);
  EXPECT_EQ(second.waiters[0].pair, 3U);
}

TEST(FlightTable, LeadershipPassesInOrderAndEndsWithTheLast) {
  FlightTable table;
  Flight& flight = table.open(key(1), {10, 0}, 5);
  flight.waiters.push_back({11, 4});
  flight.waiters.push_back({12, 2});
  EXPECT_EQ(FlightTable::leave(flight, 12), FlightTable::Left::kFollower);
  EXPECT_EQ(FlightTable::leave(flight, 10), FlightTable::Left::kLeader);
  EXPECT_EQ(flight.waiters.front().request, 11U);
  EXPECT_EQ(FlightTable::leave(flight, 11), FlightTable::Left::kLast);
}

TEST(FlightTable, ReferencesSurviveOtherFlights) {
  FlightTable table;
  Flight& kept = table.open(key(-1), {1, 0}, 1);
  for (int i = 0; i < 10'000; ++i) {
    table.open(key(i), {2, 0}, 1);
  }
  for (int i = 0; i < 10'000; ++i) {
    table.close(*table.find(key(i)));
  }
  EXPECT_EQ(table.find(key(-1)), &kept);
  EXPECT_EQ(kept.waiters[0].request, 1U);
}

}  // namespace
}  // namespace rr::schedule
