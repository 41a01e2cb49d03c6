#include "schedule/batch_policy.h"

#include <gtest/gtest.h>

#include <numeric>

namespace rr::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));

PolicyOptions options(int workers = 1) {
  PolicyOptions options;
  options.workers = workers;
  return options;
}

// The policy with a job's pairs admitted and ready in one step; pair ids are job * 100000 + i.
struct Driver {
  explicit Driver(const PolicyOptions& options) : policy(options) {}
  bool add(JobId job, int pairs, int tokens_each, Deadline deadline = Deadline::never()) {
    const Reservation wanted{pairs, std::int64_t{pairs} * tokens_each};
    if (policy.admit(job, deadline, wanted, now)) {
      return false;
    }
    std::vector<ReadyPair> ready;
    ready.reserve(static_cast<std::size_t>(pairs));
    for (int i = 0; i < pairs; ++i) {
      ready.push_back({job * 100'000 + static_cast<PairId>(i), tokens_each});
    }
    policy.ready(job, ready, now);
    return true;
  }
  // One worker does one chunk at 1,000 tokens per 10 ms.
  std::optional<Chunk> run() {
    auto chunk = policy.take(now);
    if (chunk) {
      done(*chunk);
    }
    return chunk;
  }
  void done(const Chunk& chunk) {
    const Duration cost = std::chrono::microseconds(10 * chunk.tokens);
    now += cost;
    policy.chunk_done(chunk, chunk.tokens, cost);
  }
  BatchPolicy policy;
  TimePoint now = kStart;
};

TEST(BatchPolicy, AChunkHoldsPairsOfOneRequestUpToItsTokens) {
  Driver driver(options());
  driver.add(1, 10, 50);
  driver.add(2, 1, 50);
  const auto chunk = driver.policy.take(driver.now);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->pairs.size(), 5U);
  EXPECT_EQ(chunk->tokens, 250);
  EXPECT_EQ(chunk->jobs, 1);
  EXPECT_EQ(chunk->started, (std::vector<JobId>{1}));
  EXPECT_EQ(driver.policy.take(driver.now), std::nullopt) << "there is one worker only";
}

TEST(BatchPolicy, APairLargerThanAChunkIsTakenAlone) {
  Driver driver(options());
  driver.add(1, 2, 500);
  const auto chunk = driver.run();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->pairs.size(), 1U);
}

TEST(BatchPolicy, PairsPerChunkAreCapped) {
  PolicyOptions capped = options();
  capped.chunk_pairs = 3;
  Driver driver(capped);
  driver.add(1, 10, 10);
  EXPECT_EQ(driver.run()->pairs.size(), 3U);
}

TEST(BatchPolicy, ALoneSmallRequestIsSharedOutAmongFreeWorkers) {
  Driver driver(options(2));
  driver.add(1, 4, 40);
  EXPECT_EQ(driver.policy.wanted_workers(), 2);
  const auto first = driver.policy.take(driver.now);
  const auto second = driver.policy.take(driver.now);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->pairs.size(), 2U);
  EXPECT_EQ(second->pairs.size(), 2U);
}

TEST(BatchPolicy, ATinyRequestIsNotSplit) {
  Driver driver(options(2));
  driver.add(1, 2, 20);
  EXPECT_EQ(driver.policy.wanted_workers(), 1);
  EXPECT_EQ(driver.policy.take(driver.now)->pairs.size(), 2U);
}

TEST(BatchPolicy, AChunkIsAloneWhenTheOtherWorkersWouldFindNothing) {
  Driver one_worker(options(1));
  one_worker.add(1, 1, 100);
  EXPECT_FALSE(one_worker.policy.take(one_worker.now)->alone) << "nobody could help";

  Driver driver(options(2));
  driver.add(1, 1, 100);
  const auto lone = driver.policy.take(driver.now);
  ASSERT_TRUE(lone);
  EXPECT_TRUE(lone->alone);
  driver.add(2, 1, 100);
  EXPECT_FALSE(driver.policy.take(driver.now)->alone) << "another chunk runs";

  Driver two_requests(options(2));
  two_requests.add(1, 1, 100);
  two_requests.add(2, 1, 100);
  EXPECT_FALSE(two_requests.policy.take(two_requests.now)->alone) << "more is ready";
}

TEST(BatchPolicy, ASmallRequestPassesGiants) {
  Driver driver(options());
  for (JobId giant = 1; giant <= 4; ++giant) {
    driver.add(giant, 1000, 128);
  }
  for (int i = 0; i < 50; ++i) {
    driver.run();
  }
  driver.add(9, 5, 128);
  std::int64_t before = 0;
  int left = 5;
  while (left > 0) {
    const auto chunk = driver.run();
    ASSERT_TRUE(chunk);
    if (chunk->pairs[0].job == 9) {
      left -= static_cast<int>(chunk->pairs.size());
    } else {
      before += chunk->tokens;
    }
  }
  EXPECT_LE(before, 2 * 1024);
}

TEST(BatchPolicy, AtMostMaxParallelRequestsAreInTheEngine) {
  PolicyOptions two = options(4);
  two.max_parallel = 2;
  Driver driver(two);
  for (JobId job = 1; job <= 4; ++job) {
    driver.add(job, 1, 200);
  }
  EXPECT_TRUE(driver.policy.take(driver.now));
  const auto second = driver.policy.take(driver.now);
  EXPECT_TRUE(second);
  EXPECT_EQ(driver.policy.take(driver.now), std::nullopt);
  EXPECT_EQ(driver.policy.facts().active, 2);
  EXPECT_EQ(driver.policy.facts().waiting, 2);
  driver.done(*second);
  driver.policy.remove(2);
  EXPECT_TRUE(driver.policy.take(driver.now));
}

TEST(BatchPolicy, ASlotIsYieldedBetweenChunks) {
  PolicyOptions one = options(1);
  one.max_parallel = 1;
  Driver driver(one);
  driver.add(1, 100, 128);
  driver.add(2, 100, 128);
  std::map<JobId, int> chunks;
  for (int i = 0; i < 40; ++i) {
    ++chunks[driver.run()->pairs[0].job];
  }
  EXPECT_NEAR(chunks[1], chunks[2], 4);
}

TEST(BatchPolicy, BeyondSlotsAndQueueARequestIsRefused) {
  PolicyOptions small = options();
  small.max_parallel = 1;
  small.max_queue = 1;
  Driver driver(small);
  EXPECT_TRUE(driver.add(1, 1, 10));
  EXPECT_TRUE(driver.add(2, 1, 10));
  const auto refusal = driver.policy.admit(3, Deadline::never(), {1, 10}, driver.now);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, metrics::RejectReason::kQueueFull);
  EXPECT_GE(refusal->retry_after_s, 1);
  EXPECT_FALSE(driver.policy.admit(4, Deadline::never(), {}, driver.now))
      << "what only waits for others is never refused";
}

TEST(BatchPolicy, GivenBackSpaceIsFreeAgain) {
  PolicyOptions small = options();
  small.max_parallel = 1;
  small.max_queue = 0;
  Driver driver(small);
  EXPECT_FALSE(driver.policy.admit(1, Deadline::never(), {2, 100}, driver.now));
  EXPECT_TRUE(driver.policy.admit(2, Deadline::never(), {1, 10}, driver.now));
  driver.policy.give_back(1, {2, 100});
  EXPECT_EQ(driver.policy.facts().queued_tokens, 0);
  EXPECT_FALSE(driver.policy.admit(3, Deadline::never(), {1, 10}, driver.now));
}

TEST(BatchPolicy, APredictedWaitBeyondTheDeadlineIsRefusedAtOnce) {
  Driver driver(options());
  driver.add(1, 100, 100);
  driver.run();  // 100 tokens a millisecond
  const Deadline deadline = Deadline::at(driver.now + milliseconds(150));
  EXPECT_FALSE(driver.policy.admit(3, deadline, {40, 4000}, driver.now)) << "80 ms";
  const auto refusal = driver.policy.admit(4, deadline, {90, 9000}, driver.now);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, metrics::RejectReason::kPredictedWait);
}

TEST(BatchPolicy, AGiantInTheQueueDoesNotHaveASmallRequestRefused) {
  Driver driver(options());
  driver.add(1, 10'000, 100);  // 10 s of work
  driver.run();
  EXPECT_FALSE(
      driver.policy.admit(2, Deadline::at(driver.now + milliseconds(100)), {5, 500}, driver.now));
}

TEST(BatchPolicy, APredictedWaitBeyondTheQueueTimeoutIsRefused) {
  PolicyOptions patient = options();
  patient.queue_timeout = seconds(1);
  Driver driver(patient);
  driver.add(1, 2000, 100);
  driver.run();
  const auto refusal = driver.policy.admit(2, Deadline::never(), {2000, 200'000}, driver.now);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->retry_after_s, 3);  // 4 s of work less 1 s
}

TEST(BatchPolicy, WhenDeadlinesAreAtRiskTheEarliestGoesFirst) {
  Driver driver(options());
  driver.add(1, 3, 256);
  driver.run();
  driver.policy.remove(1);
  driver.add(2, 1, 256);
  ASSERT_TRUE(driver.add(3, 32, 256, Deadline::at(driver.now + milliseconds(110))));  // 82 ms
  driver.now += milliseconds(22);
  EXPECT_EQ(driver.run()->pairs[0].job, 3U);
  EXPECT_EQ(driver.run()->pairs[0].job, 3U);
}

TEST(BatchPolicy, ARequestThatCannotBeInTimeDoesNotDragOthersDown) {
  Driver driver(options());
  driver.add(1, 3, 256);
  driver.run();
  driver.policy.remove(1);
  driver.add(2, 1, 100);
  driver.policy.admit(3, Deadline::at(driver.now + milliseconds(200)), {10, 10'000}, driver.now);
  EXPECT_EQ(driver.run()->pairs[0].job, 2U);
}

TEST(BatchPolicy, TimersSayWhoHasWaitedTooLongAndWhy) {
  PolicyOptions timed = options();
  timed.queue_timeout = seconds(1);
  timed.worker_timeout = seconds(2);
  Driver driver(timed);
  driver.add(1, 1, 100);
  driver.add(2, 1, 100);
  driver.policy.admit(3, Deadline::at(kStart + milliseconds(500)), {}, kStart);
  EXPECT_EQ(driver.policy.next_expiry(), kStart + milliseconds(500));
  const auto chunk = driver.policy.take(kStart + milliseconds(100));
  ASSERT_EQ(chunk->pairs[0].job, 1U);
  EXPECT_TRUE(driver.policy.expire(kStart + milliseconds(499)).empty());
  auto expired = driver.policy.expire(kStart + milliseconds(500));
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_EQ(expired[0].job, 3U);
  EXPECT_EQ(expired[0].reason, ExpiryReason::kDeadline);
  driver.policy.remove(3);
  expired = driver.policy.expire(kStart + seconds(1));
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_EQ(expired[0].job, 2U);
  EXPECT_EQ(expired[0].reason, ExpiryReason::kQueueTimeout);
  driver.policy.remove(2);
  expired = driver.policy.expire(kStart + milliseconds(2100));
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_EQ(expired[0].reason, ExpiryReason::kWorkerTimeout);
  driver.policy.remove(1);
  EXPECT_EQ(driver.policy.next_expiry(), TimePoint::max());
}

TEST(BatchPolicy, WhatWasRemovedIsNotTaken) {
  Driver driver(options());
  driver.add(1, 10, 100);
  driver.add(2, 1, 100);
  const auto running = driver.policy.take(driver.now);
  driver.policy.remove(1);
  driver.done(*running);
  const auto next = driver.run();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->pairs[0].job, 2U);
  EXPECT_EQ(driver.run(), std::nullopt);
  EXPECT_EQ(driver.policy.facts().queued_tokens, 0);
}

// --- micro-batching

PolicyOptions micro(int workers) {
  PolicyOptions options;
  options.workers = workers;
  options.micro_batching = true;
  return options;
}

TEST(BatchPolicyMicroBatching, AChunkMixesRequests) {
  Driver driver(micro(1));
  for (JobId job = 1; job <= 4; ++job) {
    driver.add(job, 2, 30);
  }
  const auto chunk = driver.run();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->jobs, 4);
  EXPECT_EQ(chunk->pairs.size(), 8U);
  const PolicyFacts facts = driver.policy.facts();
  EXPECT_EQ(facts.total_batches, 1U);
  EXPECT_EQ(facts.total_requests, 4U);
  EXPECT_EQ(facts.total_batch_requests, 4U);
}

TEST(BatchPolicyMicroBatching, RequestsPerBatchAreCapped) {
  PolicyOptions capped = micro(1);
  capped.micro_batch_requests = 3;
  Driver driver(capped);
  for (JobId job = 1; job <= 4; ++job) {
    driver.add(job, 1, 30);
  }
  EXPECT_EQ(driver.run()->jobs, 3);
  EXPECT_EQ(driver.policy.max_parallel(), 3);
}

TEST(BatchPolicyMicroBatching, ALoneRequestIsTakenAtOnce) {
  Driver driver(micro(2));
  driver.add(1, 1, 30);
  EXPECT_TRUE(driver.policy.take(driver.now));
}

// Teaches the policy a chunk's fixed cost of 4 ms and arrivals every millisecond. Of each request's
// two chunks the first is one worker's; the second, alone, may be the work of several.
void teach_company(Driver& driver) {
  for (JobId job = 1000; job < 1060; ++job) {
    driver.add(job, 2, 100 + static_cast<int>(job % 5) * 30);
    for (const bool alone : {false, true}) {
      const auto chunk = driver.policy.take(driver.now);
      ASSERT_TRUE(chunk) << "an idle engine never waits";
      ASSERT_EQ(chunk->alone, alone);
      const Duration cost = milliseconds(4) + std::chrono::microseconds(50 * chunk->tokens);
      driver.policy.chunk_done(*chunk, chunk->tokens, alone ? cost / 2 : cost);
    }
    driver.policy.remove(job);
    driver.now += milliseconds(1);
  }
}

TEST(BatchPolicyMicroBatching, BesideABusyWorkerAPairWaitsForCompanyWithinTheWindow) {
  Driver driver(micro(2));
  teach_company(driver);
  driver.add(1, 1, 30);
  ASSERT_TRUE(driver.policy.take(driver.now)) << "an idle engine never waits";
  driver.add(2, 1, 30);
  EXPECT_EQ(driver.policy.take(driver.now), std::nullopt);
  const TimePoint again = driver.policy.take_again_at();
  EXPECT_GT(again, driver.now);
  EXPECT_LE(again, driver.now + milliseconds(10));
  EXPECT_TRUE(driver.policy.take(again));
}

TEST(BatchPolicyMicroBatching, NobodyWaitsWhenTheChunkIsFullOrTheWindowZero) {
  Driver driver(micro(2));
  teach_company(driver);
  driver.add(1, 1, 30);
  ASSERT_TRUE(driver.policy.take(driver.now));
  driver.add(2, 10, 30);
  EXPECT_TRUE(driver.policy.take(driver.now));

  PolicyOptions no_window = micro(2);
  no_window.micro_batch_window = Duration::zero();
  Driver eager(no_window);
  teach_company(eager);
  eager.add(1, 1, 30);
  ASSERT_TRUE(eager.policy.take(eager.now));
  eager.add(2, 1, 30);
  EXPECT_TRUE(eager.policy.take(eager.now));
}

TEST(BatchPolicyMicroBatching, NobodyWaitsForCompanyThatIsNotToBeExpected) {
  Driver driver(micro(2));
  teach_company(driver);
  for (JobId job = 1; job < 40; ++job) {  // arrivals become rare
    driver.now += seconds(1);
    driver.add(job, 1, 30);
    driver.run();
    driver.policy.remove(job);
  }
  driver.add(101, 1, 30);
  ASSERT_TRUE(driver.policy.take(driver.now));
  driver.add(102, 1, 30);
  driver.add(103, 1, 30);
  EXPECT_TRUE(driver.policy.take(driver.now));
}

}  // namespace
}  // namespace rr::schedule
