#include "schedule/fair_queue.h"

#include <gtest/gtest.h>

#include <map>

namespace rr::schedule {
namespace {

bool anyone(JobId /*job*/) {
  return true;
}

constexpr std::int64_t kQuantum = 100;
constexpr std::int64_t kFresh = 400;

TEST(FairQueue, FreshRequestsGoInOrderOfArrival) {
  FairQueue queue(kQuantum, kFresh);
  queue.insert(1);
  queue.insert(2);
  EXPECT_EQ(queue.next(anyone), 1U);
  queue.erase(1);
  EXPECT_EQ(queue.next(anyone), 2U);
  queue.erase(2);
  EXPECT_EQ(queue.next(anyone), std::nullopt);
}

TEST(FairQueue, ANewcomerPassesOneThatHasHadItsFreshTokens) {
  FairQueue queue(kQuantum, kFresh);
  queue.insert(1);
  queue.charge(1, kFresh);
  queue.insert(2);
  EXPECT_EQ(queue.next(anyone), 2U);
}

TEST(FairQueue, SeasonedRequestsRotateByTokens) {
  FairQueue queue(kQuantum, kFresh);
  for (JobId job = 1; job <= 3; ++job) {
    queue.insert(job);
    queue.charge(job, kFresh);
  }
  std::map<JobId, std::int64_t> served;
  for (int turn = 0; turn < 300; ++turn) {
    const JobId job = *queue.next(anyone);
    const std::int64_t tokens = job == 1 ? 250 : 100;  // one takes more at a time
    queue.charge(job, tokens);
    served[job] += tokens;
  }
  EXPECT_NEAR(static_cast<double>(served[1]), static_cast<double>(served[2]), 300);
  EXPECT_NEAR(static_cast<double>(served[2]), static_cast<double>(served[3]), 300);
}

TEST(FairQueue, AStreamOfNewcomersLeavesSeasonedOnesTheirShare) {
  FairQueue queue(kQuantum, kFresh);
  queue.insert(1);
  queue.charge(1, kFresh);
  std::int64_t giant = 0;
  std::int64_t small = 0;
  for (JobId newcomer = 2; newcomer < 1002; ++newcomer) {
    queue.insert(newcomer);
    const JobId job = *queue.next(anyone);
    queue.charge(job, kQuantum);
    (job == 1 ? giant : small) += kQuantum;
    if (job != 1) {
      queue.forget(job);
    }
  }
  EXPECT_NEAR(static_cast<double>(giant) / static_cast<double>(giant + small), 0.25, 0.01);
}

TEST(FairQueue, OnlyEligibleRequestsAreServed) {
  FairQueue queue(kQuantum, kFresh);
  queue.insert(1);
  queue.insert(2);
  queue.charge(2, kFresh);
  EXPECT_EQ(queue.next([](JobId job) { return job == 2; }), 2U);
  EXPECT_EQ(queue.next([](JobId) { return false; }), std::nullopt);
}

TEST(FairQueue, WhoPausesIsNotFreshAgain) {
  FairQueue queue(kQuantum, kFresh);
  queue.insert(1);
  queue.charge(1, kFresh);
  queue.erase(1);
  queue.insert(2);
  queue.insert(1);
  EXPECT_EQ(queue.next(anyone), 2U);
}

}  // namespace
}  // namespace rr::schedule
