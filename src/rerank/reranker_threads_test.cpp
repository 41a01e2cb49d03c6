// Many requests at once: single flight, leaving, limits, the shared cache. Order is made with a
// gate that holds the workers, never with time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "rerank/reranker_fixture.h"

namespace rr::rerank {
namespace {

using cache::FakeScoreCache;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Plan = cache::FakeScoreCache::Plan;

RerankRequest request(std::string query, std::vector<std::string> documents) {
  return RerankerFixture::request(std::move(query), std::move(documents));
}

// Waits until `condition` holds; the test's own time limit ends a wait that would never.
template <typename Condition>
void wait_until(Condition condition) {
  while (!condition()) {
    std::this_thread::yield();
  }
}

// A worker is busy with a pair of its own until the gate opens.
std::future<RerankOutcome> occupy(RerankerFixture& fixture) {
  fixture.gate.close();
  auto blocker = fixture.send(request("blocker", {"blocker"}));
  fixture.gate.wait_for_arrivals(1);
  return blocker;
}

TEST(RerankerThreads, AHundredIdenticalRequestsComputeEachPairOnce) {
  RerankerFixture fixture({}, 2);
  fixture.gate.close();
  std::vector<std::future<RerankOutcome>> futures(100);
  {
    std::vector<std::jthread> clients;
    clients.reserve(10);
    for (std::size_t t = 0; t < 10; ++t) {
      clients.emplace_back([&, t] {
        for (std::size_t i = 0; i < 10; ++i) {
          futures[t * 10 + i] = fixture.send(request("q", {"a", "b", "c"}));
        }
      });
    }
  }
  fixture.gate.open();
  int computed = 0;
  for (auto& future : futures) {
    const RerankOutcome outcome = future.get();
    ASSERT_TRUE(outcome.result.ok());
    EXPECT_FLOAT_EQ(outcome.result.value().scores[1].logit, RerankerFixture::logit("q", "b"));
    computed += outcome.result.value().computed_pairs;
  }
  EXPECT_EQ(fixture.executor.pairs(), 3);
  EXPECT_EQ(fixture.tokenizer.pair_calls(), 3);
  EXPECT_EQ(computed, 3);
  EXPECT_EQ(fixture.metrics.pairs(metrics::PairSource::kJoined).Value() +
                fixture.metrics.pairs(metrics::PairSource::kLocalCache).Value(),
            297);
}

TEST(RerankerThreads, ALeaderThatLeavesBeforeItsTurnHandsItsPairsOn) {
  RerankerFixture fixture;
  auto blocker = occupy(fixture);
  CancelSource leader_leaves;
  RerankRequest leading = request("q", {"shared", "only the leader's"});
  leading.cancel = leader_leaves.token();
  auto leader = fixture.send(leading);
  auto follower = fixture.send(request("q", {"shared"}));
  leader_leaves.cancel();
  EXPECT_EQ(leader.get().result.status().code(), Code::kCancelled);
  fixture.gate.open();
  const RerankOutcome outcome = follower.get();
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_EQ(outcome.result.value().computed_pairs, 1);
  EXPECT_TRUE(blocker.get().result.ok());
  EXPECT_EQ(fixture.executor.pairs(), 2);  // the blocker's and the shared one
  EXPECT_EQ(fixture.metrics.cancelled_pairs_total.Value(), 1);
}

TEST(RerankerThreads, ALeaderThatLeavesWhileItsPairRunsCostsNobodyAnything) {
  RerankerFixture fixture;
  fixture.gate.close();
  CancelSource leaves;
  RerankRequest leading = request("q", {"a"});
  leading.cancel = leaves.token();
  auto leader = fixture.send(leading);
  fixture.gate.wait_for_arrivals(1);
  auto follower = fixture.send(request("q", {"a"}));
  leaves.cancel();
  EXPECT_EQ(leader.get().result.status().code(), Code::kCancelled);
  fixture.gate.open();
  EXPECT_TRUE(follower.get().result.ok());
  EXPECT_EQ(fixture.executor.pairs(), 1);
}

TEST(RerankerThreads, AFollowerThatLeavesTakesNothingAway) {
  RerankerFixture fixture;
  auto blocker = occupy(fixture);
  auto leader = fixture.send(request("q", {"a"}));
  CancelSource leaves;
  RerankRequest following = request("q", {"a"});
  following.cancel = leaves.token();
  auto follower = fixture.send(following);
  leaves.cancel();
  EXPECT_EQ(follower.get().result.status().code(), Code::kCancelled);
  fixture.gate.open();
  EXPECT_TRUE(leader.get().result.ok());
}

TEST(RerankerThreads, ALeaderFailedByAnotherPairDoesNotFailItsFollowers) {
  RerankerFixture fixture({}, 1);
  auto blocker = occupy(fixture);
  // The longer document is computed first; both fit one chunk only without the padding.
  auto leader = fixture.send(request("q", {"a", std::string(250, 'x') + "!"}));
  auto follower = fixture.send(request("q", {"a"}));
  fixture.gate.open();
  const RerankOutcome failed = leader.get();
  EXPECT_EQ(failed.result.status().code(), Code::kNonFinite);
  EXPECT_THAT(failed.result.status().message(), HasSubstr("document 1"));
  EXPECT_TRUE(follower.get().result.ok());
}

TEST(RerankerThreads, APoisonPairFailsEveryRequestThatHasItAndNoOther) {
  RerankerOptions options;
  options.micro_batch_enabled = true;
  RerankerFixture fixture(options);
  auto blocker = occupy(fixture);
  auto first = fixture.send(request("q", {"bad!"}));
  auto second = fixture.send(request("q", {"fine", "bad!"}));
  auto neighbour = fixture.send(request("q", {"neighbour"}));
  fixture.gate.open();
  EXPECT_EQ(first.get().result.status().code(), Code::kNonFinite);
  const RerankOutcome named = second.get();
  EXPECT_EQ(named.result.status().code(), Code::kNonFinite);
  EXPECT_THAT(named.result.status().message(), HasSubstr("document 1"));
  EXPECT_TRUE(neighbour.get().result.ok());
  EXPECT_EQ(fixture.executor.batches(), 2);  // the blocker's, and all the others in one
}

TEST(RerankerThreads, ADeadlineEndsARequestWhereverItIs) {
  RerankerFixture fixture;
  auto blocker = occupy(fixture);
  RerankRequest hurried = request("q", {"a"});
  hurried.deadline = Deadline::after(fixture.clock, std::chrono::milliseconds(20));
  auto waiting = fixture.send(hurried);
  EXPECT_EQ(waiting.get().result.status().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(fixture.metrics.cancelled_pairs_total.Value(), 1);
  EXPECT_EQ(fixture.reranker->state().queue.waiting, 0);
  // In the engine too.
  fixture.gate.open();
  ASSERT_TRUE(blocker.get().result.ok());
}

TEST(RerankerThreads, AFollowersDeadlineHoldsAlthoughItHasNoPairsOfItsOwn) {
  RerankerFixture fixture;
  fixture.gate.close();
  auto leader = fixture.send(request("q", {"a"}));
  fixture.gate.wait_for_arrivals(1);
  RerankRequest hurried = request("q", {"a"});
  hurried.deadline = Deadline::after(fixture.clock, std::chrono::milliseconds(20));
  EXPECT_EQ(fixture.ask(hurried).result.status().code(), Code::kDeadlineExceeded);
  fixture.gate.open();
  EXPECT_TRUE(leader.get().result.ok());
}

TEST(RerankerThreads, QueueTimeoutAndWorkerTimeoutEndWhatTheyAreFor) {
  RerankerOptions options;
  options.queue_timeout = std::chrono::milliseconds(30);
  options.worker_timeout = std::chrono::milliseconds(60);
  RerankerFixture fixture(options);
  auto running = occupy(fixture);
  auto queued = fixture.send(request("q", {"a"}));
  const RerankOutcome waited = queued.get();
  EXPECT_EQ(waited.result.status().code(), Code::kDeadlineExceeded);
  EXPECT_THAT(waited.result.status().message(), HasSubstr("slot"));
  const RerankOutcome slow = running.get();
  EXPECT_EQ(slow.result.status().code(), Code::kDeadlineExceeded);
  EXPECT_THAT(slow.result.status().message(), HasSubstr("scoring"));
}

TEST(RerankerThreads, BeyondSlotsAndQueueRequestsAreRefusedAndLaterTakenAgain) {
  RerankerOptions options;
  options.max_parallel = 2;
  options.max_queue = 3;
  RerankerFixture fixture(options);
  auto blocker = occupy(fixture);
  std::vector<std::future<RerankOutcome>> taken;
  taken.reserve(4);
  for (int i = 0; i < 4; ++i) {
    taken.push_back(fixture.send(request("q", {std::to_string(i)})));
  }
  const RerankOutcome refused = fixture.ask(request("q", {"one too many"}));
  EXPECT_EQ(refused.result.status().code(), Code::kOverloaded);
  EXPECT_GE(refused.retry_after_s, 1);
  EXPECT_EQ(fixture.metrics.rejected(metrics::RejectReason::kQueueFull).Value(), 1);
  // What is in flight already needs no space.
  auto joined = fixture.send(request("q", {"0", "1"}));
  fixture.gate.open();
  for (auto& future : taken) {
    EXPECT_TRUE(future.get().result.ok());
  }
  EXPECT_TRUE(joined.get().result.ok());
  EXPECT_TRUE(fixture.ask(request("q", {"one too many"})).result.ok());
}

TEST(RerankerThreads, AQueueOfZeroRefusesWhenBusyAndServesWhenIdle) {
  RerankerOptions options;
  options.max_parallel = 1;
  options.max_queue = 0;
  RerankerFixture fixture(options);
  auto blocker = occupy(fixture);
  EXPECT_EQ(fixture.ask(request("q", {"a"})).result.status().code(), Code::kOverloaded);
  fixture.gate.open();
  EXPECT_TRUE(blocker.get().result.ok());
  EXPECT_TRUE(fixture.ask(request("q", {"a"})).result.ok());
}

TEST(RerankerThreads, TheDestructorAnswersWhatIsLeft) {
  std::future<RerankOutcome> running;
  std::future<RerankOutcome> queued;
  {
    RerankerFixture fixture;
    running = occupy(fixture);
    queued = fixture.send(request("q", {"a"}));
    fixture.gate.close();
    std::jthread opener([&] {
      wait_until([&] { return queued.wait_for(Duration::zero()) == std::future_status::ready; });
      fixture.gate.open();
    });
    fixture.reranker.reset();
  }
  EXPECT_EQ(running.get().result.status().code(), Code::kUnavailable);
  EXPECT_EQ(queued.get().result.status().code(), Code::kUnavailable);
}

TEST(RerankerThreads, ACancelledTokenNeverReachesTheEngine) {
  RerankerFixture fixture;
  auto blocker = occupy(fixture);
  CancelSource gone;
  gone.cancel();
  RerankRequest asked = request("q", {"a"});
  asked.cancel = gone.token();
  EXPECT_EQ(fixture.ask(asked).result.status().code(), Code::kCancelled);
  fixture.gate.open();
  ASSERT_TRUE(blocker.get().result.ok());
  EXPECT_EQ(fixture.executor.pairs(), 1);
}

// --- with a shared cache

Plan plan_of(const std::vector<std::pair<std::string, Plan>>& plans, const Digest128& document) {
  for (const auto& [text, plan] : plans) {
    if (digest128(text) == document) {
      return plan;
    }
  }
  return Plan::kCompute;
}

std::unique_ptr<FakeScoreCache> shared_cache(
    const std::vector<std::pair<std::string, Plan>>& plans) {
  return std::make_unique<FakeScoreCache>(
      [plans](const Digest128& document) { return plan_of(plans, document); });
}

FakeScoreCache& fake(RerankerFixture& fixture) {
  return static_cast<FakeScoreCache&>(*fixture.shared);
}

TEST(RerankerThreads, WhatTheSharedCacheKnowsIsNotComputedAndIsKeptInMemory) {
  RerankerFixture fixture({}, 1, shared_cache({{"known", Plan::kScore}}));
  const RerankOutcome outcome = fixture.ask(request("q", {"known", "new"}));
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_EQ(outcome.result.value().scores[0].logit,
            FakeScoreCache::remote_score(digest128("known")).logit);
  EXPECT_EQ(outcome.result.value().computed_pairs, 1);
  EXPECT_EQ(outcome.result.value().cached_pairs, 1);
  EXPECT_EQ(fixture.executor.pairs(), 1);
  EXPECT_EQ(fake(fixture).stores_of(digest128("new")), 1);
  EXPECT_EQ(fake(fixture).stores_of(digest128("known")), 0);
  EXPECT_EQ(fixture.metrics.pairs(metrics::PairSource::kRedis).Value(), 1);
  ASSERT_TRUE(fixture.ask(request("q", {"known", "new"})).result.ok());
  EXPECT_EQ(fake(fixture).lookups(), 1U);
}

TEST(RerankerThreads, ARequestThatOnlyWaitsForAnotherServerTakesNoQueueSpace) {
  RerankerOptions options;
  options.max_parallel = 1;
  options.max_queue = 0;
  RerankerFixture fixture(options, 1, shared_cache({{"elsewhere", Plan::kWait}}));
  auto waiting = fixture.send(request("q", {"elsewhere"}));
  EXPECT_EQ(fixture.reranker->state().queue.waiting, 0);
  EXPECT_TRUE(fixture.ask(request("q", {"a"})).result.ok());
  fake(fixture).answer_later(cache::RemoteAnswer::Kind::kScore);
  const RerankOutcome outcome = waiting.get();
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_EQ(outcome.result.value().cached_pairs, 1);
  EXPECT_EQ(fixture.metrics.pairs(metrics::PairSource::kRemoteJoined).Value(), 1);
}

TEST(RerankerThreads, WhatAnotherServerDidNotFinishIsComputedHereEvenWhenBusy) {
  RerankerOptions options;
  options.max_parallel = 1;
  options.max_queue = 0;
  RerankerFixture fixture(options, 1, shared_cache({{"elsewhere", Plan::kWait}}));
  auto waiting = fixture.send(request("q", {"elsewhere"}));
  fixture.gate.close();
  auto busy = fixture.send(request("q", {"a"}));
  fixture.gate.wait_for_arrivals(1);
  fake(fixture).answer_later(cache::RemoteAnswer::Kind::kCompute);
  fixture.gate.open();
  ASSERT_TRUE(waiting.get().result.ok());
  EXPECT_EQ(fake(fixture).stores_of(digest128("elsewhere")), 1);
}

TEST(RerankerThreads, AClaimThatNobodyWantsAnyMoreIsReleased) {
  RerankerFixture fixture({}, 1, shared_cache({{"slow", Plan::kSilent}}));
  CancelSource leaves;
  RerankRequest asked = request("q", {"slow"});
  asked.cancel = leaves.token();
  auto left = fixture.send(asked);
  leaves.cancel();
  EXPECT_EQ(left.get().result.status().code(), Code::kCancelled);
  fake(fixture).answer_later(cache::RemoteAnswer::Kind::kCompute);
  EXPECT_THAT(fake(fixture).released(), UnorderedElementsAre(digest128("slow")));
  EXPECT_EQ(fixture.executor.pairs(), 0);
}

TEST(RerankerThreads, AQueuedClaimIsReleasedWhenItsLastWaiterLeaves) {
  RerankerFixture fixture({}, 1, shared_cache({}));
  auto blocker = occupy(fixture);
  CancelSource leaves;
  RerankRequest asked = request("q", {"a", "b"});
  asked.cancel = leaves.token();
  auto left = fixture.send(asked);
  leaves.cancel();
  EXPECT_EQ(left.get().result.status().code(), Code::kCancelled);
  wait_until([&] { return fake(fixture).released().size() == 2; });
  EXPECT_THAT(fake(fixture).released(), UnorderedElementsAre(digest128("a"), digest128("b")));
  fixture.gate.open();
}

TEST(RerankerThreads, AClaimThatGrewOldInTheQueueIsAskedForOnceMore) {
  RerankerOptions options;
  options.claim_lease = Duration(1);
  RerankerFixture fixture(options, 1, shared_cache({}));
  ASSERT_TRUE(fixture.ask(request("q", {"a", "b"})).result.ok());
  EXPECT_EQ(fake(fixture).looked_up(), 4U);
  EXPECT_EQ(fixture.executor.pairs(), 2);
  EXPECT_EQ(fixture.metrics.batches_total.Value(), 1);
  EXPECT_EQ(fixture.reranker->state().queue.queued_tokens, 0);
}

TEST(RerankerThreads, ARefusedRequestNeverAsksTheSharedCache) {
  RerankerOptions options;
  options.max_parallel = 1;
  options.max_queue = 0;
  RerankerFixture fixture(options, 1, shared_cache({}));
  auto blocker = occupy(fixture);
  const std::size_t before = fake(fixture).lookups();
  EXPECT_EQ(fixture.ask(request("q", {"a"})).result.status().code(), Code::kOverloaded);
  EXPECT_EQ(fake(fixture).lookups(), before);
  fixture.gate.open();
}

TEST(RerankerThreads, AnAnswerAfterTheEndIsIgnored) {
  auto owned = shared_cache({{"slow", Plan::kSilent}});
  FakeScoreCache* const cache = owned.get();
  auto fixture = std::make_unique<RerankerFixture>(RerankerOptions(), 1, std::move(owned));
  auto asked = fixture->send(request("q", {"slow"}));
  fixture->reranker.reset();
  EXPECT_EQ(asked.get().result.status().code(), Code::kUnavailable);
  cache->answer_later(cache::RemoteAnswer::Kind::kCompute);
}

// Everything at once: whatever happens, each request is answered exactly once (a promise set twice
// throws) and every score is right.
TEST(RerankerThreads, AStormOfEverythingAnswersEveryRequest) {
  for (const bool micro_batching : {false, true}) {
    RerankerOptions options;
    options.micro_batch_enabled = micro_batching;
    options.cache_max_bytes = 200 << 10;
    options.max_queue = 20;
    RerankerFixture fixture(options, 2);
    std::atomic<int> answered = 0;
    std::vector<std::jthread> clients;
    for (unsigned t = 0; t < 4; ++t) {
      clients.emplace_back([&, t] {
        std::mt19937 random(t);
        for (int i = 0; i < 150; ++i) {
          std::vector<std::string> documents;
          const unsigned count = random() % 20 == 0 ? 200 : 1 + random() % 8;
          for (unsigned d = 0; d < count; ++d) {
            documents.push_back("document " + std::to_string(random() % 400));
          }
          if (random() % 10 == 0) {
            documents.emplace_back("bad!");
          }
          RerankRequest asked = request("q" + std::to_string(random() % 3), documents);
          CancelSource leaves;
          asked.cancel = leaves.token();
          if (random() % 10 == 0) {
            asked.deadline =
                Deadline::after(fixture.clock, std::chrono::microseconds(random() % 3000));
          }
          auto future = fixture.send(asked);
          if (random() % 10 == 0) {
            leaves.cancel();
          }
          const RerankOutcome outcome = future.get();
          ++answered;
          if (outcome.result.ok()) {
            for (std::size_t d = 0; d < documents.size(); ++d) {
              ASSERT_FLOAT_EQ(outcome.result.value().scores[d].logit,
                              RerankerFixture::logit(asked.queries[0], documents[d]));
            }
          }
        }
      });
    }
    clients.clear();
    EXPECT_EQ(answered, 600);
    wait_until([&] { return fixture.reranker->state().queue.active == 0; });
    EXPECT_EQ(fixture.reranker->state().queue.waiting, 0);
    EXPECT_EQ(fixture.reranker->state().queue.queued_tokens, 0);
  }
}

}  // namespace
}  // namespace rr::rerank
