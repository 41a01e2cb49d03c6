#include "cache/redis_sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "cache/redis_script_model.h"

namespace rr::cache {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLease = milliseconds(1000);
constexpr Duration kBudget = milliseconds(50);

// One server with its answers; calls go to the model only when the test says so.
struct Server {
  explicit Server(const std::string& owner)
      : protocol(
            {.identity = {.key_prefix = "t", .fingerprint = "fp", .owner = owner, .lease = kLease},
             .budget = kBudget,
             .ttl = std::chrono::seconds(600),
             .seed = 1}) {}

  RemoteAnswerCallback record() {
    return [this](std::span<const RemoteAnswer> given, std::size_t waiting) {
      for (const RemoteAnswer& answer : given) {
        EXPECT_TRUE(answers.emplace(answer.index, answer).second) << "answered twice";
      }
      waiting_counts.push_back(waiting);
    };
  }

  void deliver() {
    for (auto& delivery : protocol.take_deliveries()) {
      delivery.callback(delivery.answers, delivery.waiting);
    }
  }

  SharingProtocol protocol;
  std::map<std::size_t, RemoteAnswer> answers;
  std::vector<std::size_t> waiting_counts;
};

class Sharing : public testing::Test {
 protected:
  Sharing() {
    for (Server* server : {&a, &b}) {
      server->protocol.set_available(Availability::kAvailable, clock.now());
      server->protocol.set_hears(Hears::kYes, clock.now());
    }
  }

  std::int64_t now_ms() const { return clock.now().time_since_epoch() / milliseconds(1); }

  void ask(Server& server, const std::vector<Digest128>& documents) {
    server.protocol.lookup(query, documents, Deadline::never(), server.record(), clock.now());
  }

  // Runs what the server has sent and gives it the answers.
  void exchange(Server& server) {
    for (auto calls = server.protocol.take_calls(); !calls.empty();
         calls = server.protocol.take_calls()) {
      for (const ScriptCall& call : calls) {
        server.protocol.on_reply(call.id, redis.run(call, now_ms()), clock.now());
      }
    }
    server.deliver();
  }

  void publish() {
    for (const auto& [channel, payload] : redis.take_published()) {
      for (Server* server : {&a, &b}) {
        if (channel.ends_with(server == &a ? ":aaaa" : ":bbbb")) {
          server->protocol.on_notification(payload, clock.now());
          server->deliver();
        }
      }
    }
  }

  void pass(Server& server, Duration time) {
    clock.advance(time);
    server.protocol.advance(clock.now());
    exchange(server);
  }

  FakeClock clock;
  RedisScriptModel redis;
  Server a{"aaaa"};
  Server b{"bbbb"};
  QueryKey query{digest128("q")};
  std::vector<Digest128> two{digest128("1"), digest128("2")};
  std::string key = "t:1:{" + digest128("q").hex() + "}";
};

std::string raw(const Digest128& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), 16};
}

TEST_F(Sharing, AMissIsClaimedAndComputedHereAndAHitComesBackAfterTheStore) {
  ask(a, two);
  exchange(a);
  ASSERT_EQ(a.answers.size(), 2U);
  EXPECT_EQ(a.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  a.protocol.store(query, {{two[0], {1.5F, false}}, {two[1], {-2.0F, true}}}, clock.now());
  exchange(a);
  ask(b, two);
  exchange(b);
  ASSERT_EQ(b.answers.size(), 2U);
  EXPECT_EQ(b.answers.at(1).kind, RemoteAnswer::Kind::kScore);
  EXPECT_EQ(b.answers.at(1).score, (CachedScore{-2.0F, true}));
  EXPECT_FALSE(b.answers.at(1).joined);
  EXPECT_EQ(b.protocol.counts().hits, 2U);
  EXPECT_EQ(a.protocol.counts().misses, 2U);
}

TEST_F(Sharing, WhatAnotherServerComputesIsWaitedForAndComesByNotification) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, two);
  exchange(b);
  EXPECT_THAT(b.waiting_counts, testing::ElementsAre(1U));
  EXPECT_EQ(b.answers.at(1).kind, RemoteAnswer::Kind::kCompute);  // its own share meanwhile
  a.protocol.store(query, {{two[0], {3.0F, false}}}, clock.now());
  exchange(a);
  publish();
  ASSERT_EQ(b.answers.size(), 2U);
  EXPECT_TRUE(b.answers.at(0).joined);
  EXPECT_EQ(b.answers.at(0).score.logit, 3.0F);
  EXPECT_EQ(b.waiting_counts.back(), 0U);
}

TEST_F(Sharing, ANotificationBeforeTheClaimsAnswerSettlesThePair) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  const auto calls = b.protocol.take_calls();
  const RespValue late_answer = redis.run(calls.at(0), now_ms());
  a.protocol.store(query, {{two[0], {3.0F, false}}}, clock.now());
  exchange(a);
  publish();
  ASSERT_EQ(b.answers.size(), 1U);
  b.protocol.on_reply(calls.at(0).id, late_answer, clock.now());
  exchange(b);
  EXPECT_EQ(b.answers.size(), 1U);
  EXPECT_EQ(b.protocol.open_lookups(), 0U);
}

TEST_F(Sharing, ALostNotificationIsMadeUpByAskingAtHalfTheLease) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  exchange(b);
  a.protocol.store(query, {{two[0], {3.0F, false}}}, clock.now());
  exchange(a);
  redis.take_published();
  EXPECT_EQ(b.protocol.next_wakeup(), clock.now() + kLease / 2);
  pass(b, kLease / 2);
  ASSERT_EQ(b.answers.size(), 1U);
  EXPECT_TRUE(b.answers.at(0).joined);
}

TEST_F(Sharing, AReleasedPairIsClaimedByTheFirstWhoWaits) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  exchange(b);
  a.protocol.release(query, std::array{two[0]}, clock.now());
  exchange(a);
  publish();
  exchange(b);
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  EXPECT_EQ(redis.lease(key, raw(two[0]))->holder.substr(0, 5), "bbbb.");
}

TEST_F(Sharing, FreedWhileItsAnswerIsOnTheWayIsAskedForAgainAtOnce) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  const auto calls = b.protocol.take_calls();
  const RespValue answer = redis.run(calls.at(0), now_ms());
  a.protocol.release(query, std::array{two[0]}, clock.now());
  exchange(a);
  publish();
  EXPECT_TRUE(b.answers.empty());
  b.protocol.on_reply(calls.at(0).id, answer, clock.now());
  exchange(b);
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
}

TEST_F(Sharing, AnOwnerThatDiedCostsItsWaitersOneLease) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  exchange(b);
  const TimePoint start = clock.now();
  while (b.answers.empty()) {
    ASSERT_TRUE(b.protocol.next_wakeup().has_value());
    pass(b, *b.protocol.next_wakeup() - clock.now());
    ASSERT_LE(clock.now() - start, kLease + milliseconds(60));
  }
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  EXPECT_EQ(b.protocol.counts().taken_over, 1U);
}

TEST_F(Sharing, ASilentRedisCostsTheBudgetAndNoMore) {
  ask(a, two);
  a.protocol.take_calls();
  EXPECT_EQ(a.protocol.next_wakeup(), clock.now() + kBudget);
  clock.advance(kBudget);
  a.protocol.advance(clock.now());
  a.deliver();
  EXPECT_EQ(a.answers.size(), 2U);
  EXPECT_EQ(a.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  EXPECT_EQ(a.protocol.counts().timeouts, 1U);
}

TEST_F(Sharing, ACallThatFailsWithItsConnectionIsComputedAtOnce) {
  ask(a, two);
  a.protocol.on_failed(a.protocol.take_calls().at(0).id, clock.now());
  a.deliver();
  ASSERT_EQ(a.answers.size(), 2U);
  EXPECT_EQ(a.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  EXPECT_EQ(a.protocol.counts().timeouts, 0U);
}

TEST_F(Sharing, ALateClaimIsRenewedWhileItIsWantedAndReleasedWhenItIsNot) {
  ask(a, two);
  const auto calls = a.protocol.take_calls();
  clock.advance(kBudget);
  a.protocol.advance(clock.now());
  a.deliver();
  a.protocol.store(query, {{two[0], {1.0F, false}}}, clock.now());  // done before the answer
  const auto stores = a.protocol.take_calls();
  a.protocol.on_reply(calls.at(0).id, redis.run(calls.at(0), now_ms()), clock.now());
  const auto releases = a.protocol.take_calls();
  ASSERT_EQ(releases.size(), 1U);
  EXPECT_EQ(releases[0].script, Script::kRelease);
  redis.run(releases[0], now_ms());
  EXPECT_EQ(redis.lease(key, raw(two[0])), nullptr);
  a.protocol.start(query, std::array{two[1]});
  clock.advance(kLease * 2 / 3);
  a.protocol.advance(clock.now());
  const auto renewals = a.protocol.take_calls();
  ASSERT_FALSE(renewals.empty());
  EXPECT_EQ(renewals[0].script, Script::kRenew);
}

TEST_F(Sharing, WhenRedisBecomesUnavailableEveryWaiterComputesAtOnce) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  exchange(b);
  b.protocol.set_available(Availability::kUnavailable, clock.now());
  b.deliver();
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  ask(b, {two[1]});
  EXPECT_TRUE(b.protocol.take_calls().empty());
}

TEST_F(Sharing, ARefusedWriteSaysComputeYourselfAndStillTellsTheWaiters) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  exchange(b);
  redis.set_writes(RedisScriptModel::Writes::kRefused);
  a.protocol.store(query, {{two[0], {3.0F, false}}}, clock.now());
  exchange(a);
  publish();
  EXPECT_EQ(b.answers.at(0).score.logit, 3.0F);
  b.answers.clear();
  ask(b, {two[1]});
  exchange(b);
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
  EXPECT_EQ(b.protocol.counts().error_replies, 1U);
}

TEST_F(Sharing, AfterTheSubscriptionComesBackAllWaitersAskAndLeaveTheirChannel) {
  b.protocol.set_hears(Hears::kNo, clock.now());
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  exchange(b);
  EXPECT_TRUE(redis.lease(key, raw(two[0]))->waiting.empty());
  b.protocol.set_hears(Hears::kYes, clock.now());
  exchange(b);
  EXPECT_THAT(redis.lease(key, raw(two[0]))->waiting, testing::ElementsAre("bbbb"));
}

TEST_F(Sharing, ASubscriptionConfirmedWhileAClaimIsOnTheWayLeavesTheChannelAtOnce) {
  b.protocol.set_hears(Hears::kNo, clock.now());
  ask(a, {two[0]});
  exchange(a);
  ask(b, {two[0]});
  b.protocol.set_hears(Hears::kYes, clock.now());
  exchange(b);
  EXPECT_THAT(redis.lease(key, raw(two[0]))->waiting, testing::ElementsAre("bbbb"));
}

TEST_F(Sharing, ATenThousandDocumentRequestIsTenCallsEachWay) {
  std::vector<Digest128> many;
  std::vector<ScoredDocument> scores;
  for (int i = 0; i < 10000; ++i) {
    many.push_back(digest128(std::to_string(i)));
    scores.push_back({many.back(), {static_cast<float>(i), false}});
  }
  ask(a, many);
  auto calls = a.protocol.take_calls();
  EXPECT_EQ(calls.size(), 10U);
  for (const ScriptCall& call : calls) {
    a.protocol.on_reply(call.id, redis.run(call, now_ms()), clock.now());
  }
  a.deliver();
  EXPECT_EQ(a.answers.size(), 10000U);
  a.protocol.store(query, scores, clock.now());
  EXPECT_EQ(a.protocol.take_calls().size(), 10U);
}

TEST_F(Sharing, AScoreWhoseStoreIsOnTheWayIsNotClaimedAgain) {
  ask(a, {two[0]});
  exchange(a);
  a.protocol.store(query, {{two[0], {3.0F, false}}}, clock.now());
  a.answers.clear();
  ask(a, {two[0]});
  a.deliver();
  EXPECT_EQ(a.answers.at(0).kind, RemoteAnswer::Kind::kScore);
}

TEST_F(Sharing, ARequestsDeadlineEndsItsWaiting) {
  ask(a, {two[0]});
  exchange(a);
  b.protocol.lookup(query,
                    std::array{two[0]},
                    Deadline::after(clock, milliseconds(120)),
                    b.record(),
                    clock.now());
  exchange(b);
  EXPECT_EQ(b.protocol.next_wakeup(), clock.now() + milliseconds(120));
  pass(b, milliseconds(120));
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
}

TEST_F(Sharing, NoDocumentsAreAnsweredAtOnce) {
  ask(a, {});
  a.deliver();
  EXPECT_THAT(a.waiting_counts, testing::ElementsAre(0U));
}

TEST_F(Sharing, TheSameDocumentTwiceInARequestIsAnsweredTwice) {
  ask(a, {two[0], two[0]});
  exchange(a);
  EXPECT_EQ(a.answers.size(), 2U);
}

TEST_F(Sharing, AnswersThatAreNoneOfOursAreAMissAndACounter) {
  ask(a, two);
  const auto calls = a.protocol.take_calls();
  RespValue nonsense;
  nonsense.type = RespValue::Type::kBulk;
  nonsense.text = "SSSS";
  a.protocol.on_reply(calls.at(0).id, nonsense, clock.now());
  a.deliver();
  EXPECT_EQ(a.answers.size(), 2U);
  EXPECT_EQ(a.protocol.counts().corrupt_replies, 1U);
  a.protocol.on_notification("short", clock.now());
  EXPECT_EQ(a.protocol.counts().corrupt_replies, 2U);
}

TEST_F(Sharing, ALeaseInTheFarFutureHoldsNobodyLongerThanALease) {
  redis.put_lease(key, raw(two[0]), {now_ms() + 3600'000, "cccc.1", {}});
  ask(b, {two[0]});
  exchange(b);
  const TimePoint start = clock.now();
  while (b.answers.empty()) {
    pass(b, *b.protocol.next_wakeup() - clock.now());
    ASSERT_LE(clock.now() - start, kLease + milliseconds(60));
  }
  EXPECT_EQ(b.answers.at(0).kind, RemoteAnswer::Kind::kCompute);
}

TEST_F(Sharing, ShuttingDownReleasesEveryClaimAndAnswersEveryLookup) {
  ask(a, {two[0]});
  exchange(a);
  ask(b, two);
  exchange(b);
  b.protocol.shut_down(clock.now());
  exchange(b);
  EXPECT_EQ(b.answers.size(), 2U);
  EXPECT_EQ(redis.lease(key, raw(two[1])), nullptr);
  EXPECT_NE(redis.lease(key, raw(two[0])), nullptr);  // a's stays
}

TEST_F(Sharing, EntriesAreCountedFromWhatStoresAdded) {
  a.protocol.store(query, {{two[0], {1.0F, false}}, {two[1], {1.0F, false}}}, clock.now());
  exchange(a);
  a.protocol.count_entries();
  exchange(a);
  EXPECT_EQ(a.protocol.cached_entries(), 2U);
}

}  // namespace
}  // namespace rr::cache
