// The distributed cache against a real redis-server that is sick, in every way we could think of.
// In each: every lookup is answered, every score is right, nothing hangs, and what can recover
// does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "cache/redis_test_fleet.h"
#include "cache/redis_test_proxy.h"

namespace rr::cache {
namespace {

using std::chrono::milliseconds;

// Requests one after another on a server; what must be computed is stored a little later.
class Load {
 public:
  Load(FleetServer& server, std::uint64_t seed)
      : server_(server), thread_([this, seed](const std::stop_token& stop) { run(stop, seed); }) {}

  int finish() {
    thread_.request_stop();
    thread_.join();
    return requests_;
  }
  // Until this many more requests were answered.
  void wait_for(int more) {
    const int wanted = requests_ + more;
    const Deadline deadline = Deadline::after(server_.clock, kTestPatience);
    while (requests_ < wanted && !deadline.passed(server_.clock.now())) {
      wait_ms(5);
    }
    EXPECT_GE(requests_, wanted) << "the load stands still";
  }

 private:
  void run(const std::stop_token& stop, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!stop.stop_requested()) {
      const QueryKey query{digest128("query " + std::to_string(random() % 40))};
      const auto documents = some_documents(5, static_cast<int>(random() % 8));
      for (const auto& [index, answer] : server_.look_up(query, documents)) {
        if (answer.kind == RemoteAnswer::Kind::kScore) {
          EXPECT_EQ(answer.score, score_of(documents[index]));
        } else {
          server_.cache->store(query, scores_of({documents[index]}));
        }
      }
      ++requests_;
    }
  }

  FleetServer& server_;
  std::atomic<int> requests_ = 0;
  std::jthread thread_;
};

class SickRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = RedisTestServer::missing(); !missing.empty()) {
      GTEST_SKIP() << missing;
    }
  }

  // As users have it, so that faults are met with the default patience.
  static RedisOptions with_defaults(RedisOptions options) {
    options.timeout = milliseconds(50);
    options.lease = milliseconds(500);
    return options;
  }

  static RedisOptions through(const RedisTestProxy& proxy, RedisOptions options) {
    options.endpoint.port = proxy.port();
    return options;
  }

  // Stored through one server, read by another.
  void expect_shared(FleetServer& a, FleetServer& b, std::string_view name) {
    const QueryKey query{digest128(name)};
    const auto documents = some_documents(5);
    for (int attempt = 0; attempt < 50; ++attempt) {
      a.cache->store(query, scores_of(documents));
      a.settle(query);
      if (count_computes(b.look_up(query, documents)) == 0) {
        return;
      }
      b.cache->release(query, documents);
      wait_ms(20);
    }
    ADD_FAILURE() << "nothing is shared any more";
  }

  RedisTestServer redis;
  QueryKey query{digest128("query")};
};

TEST_F(SickRedis, NotRunningAtTheStartAndAppearingLater) {
  FleetServer server(with_defaults(redis.options()));
  EXPECT_EQ(count_computes(server.look_up(query, some_documents(3))), 3U);
  EXPECT_FALSE(server.cache->stats().connected);
  EXPECT_EQ(server.metrics.redis_up.Value(), 0);
  wait_ms(300);
  redis.start();
  const TimePoint appeared = server.clock.now();
  ASSERT_TRUE(server.wait_connected(true));
  RecordProperty("connected_after_ms",
                 std::to_string(to_milliseconds(server.clock.now() - appeared)));
  EXPECT_EQ(server.metrics.redis_up.Value(), 1);
  EXPECT_GT(server.errors(metrics::RedisError::kConnect), 0);
  expect_shared(server, server, "after");
}

TEST_F(SickRedis, KilledAndRestartedEmptyUnderLoad) {
  redis.start();
  FleetServer a(with_defaults(redis.options()));
  FleetServer b(with_defaults(redis.options()));
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  Load load_a(a, 1);
  Load load_b(b, 2);
  load_a.wait_for(50);
  redis.kill();
  load_a.wait_for(50);
  load_b.wait_for(50);
  EXPECT_TRUE(a.wait_connected(false));
  redis.start();
  EXPECT_TRUE(a.wait_connected(true));
  EXPECT_TRUE(b.wait_connected(true));
  load_a.wait_for(50);
  load_a.finish();
  load_b.finish();
  expect_shared(a, b, "after");
}

TEST_F(SickRedis, StoppedForAWhileAndBack) {
  redis.start();
  FleetServer server(with_defaults(redis.options()));
  ASSERT_TRUE(server.wait_connected(true));
  Load load(server, 1);
  load.wait_for(20);
  redis.pause();
  EXPECT_TRUE(server.wait_connected(false));
  EXPECT_EQ(server.metrics.redis_breaker_open.Value(), 1);
  load.wait_for(1000);  // with the breaker open nobody waits for Redis
  wait_ms(2500);
  redis.resume();
  EXPECT_TRUE(server.wait_connected(true));
  load.finish();
  EXPECT_GT(server.errors(metrics::RedisError::kTimeout), 0);
  expect_shared(server, server, "after");
}

TEST_F(SickRedis, ASlowNetworkOpensTheBreakerAndAFastOneClosesIt) {
  redis.start();
  RedisTestProxy proxy(redis.port());
  FleetServer server(through(proxy, with_defaults(redis.options())));
  ASSERT_TRUE(server.wait_connected(true));
  proxy.set_mode(RedisTestProxy::Mode::kSlow);
  Load load(server, 1);
  EXPECT_TRUE(server.wait_connected(false));
  load.wait_for(200);
  proxy.set_mode(RedisTestProxy::Mode::kForward);
  EXPECT_TRUE(server.wait_connected(true));
  load.finish();
  expect_shared(server, server, "after");
}

TEST_F(SickRedis, BytesThatGetLost) {
  redis.start();
  RedisTestProxy proxy(redis.port());
  FleetServer server(through(proxy, with_defaults(redis.options())));
  ASSERT_TRUE(server.wait_connected(true));
  Load load(server, 1);
  load.wait_for(20);
  proxy.set_mode(RedisTestProxy::Mode::kLossy);
  load.wait_for(300);
  EXPECT_GT(
      server.errors(metrics::RedisError::kProtocol) + server.errors(metrics::RedisError::kTimeout),
      0);
  proxy.set_mode(RedisTestProxy::Mode::kForward);
  proxy.drop_connections();
  EXPECT_TRUE(server.wait_connected(true));
  load.finish();
}

TEST_F(SickRedis, AHalfOpenConnectionIsLeftForANewOne) {
  redis.start();
  RedisTestProxy proxy(redis.port());
  FleetServer server(through(proxy, with_defaults(redis.options())));
  ASSERT_TRUE(server.wait_connected(true));
  proxy.set_mode(RedisTestProxy::Mode::kSilent);
  Load load(server, 1);
  EXPECT_TRUE(server.wait_connected(false));
  load.wait_for(100);
  proxy.set_mode(RedisTestProxy::Mode::kForward);  // what was swallowed stays swallowed
  EXPECT_TRUE(server.wait_connected(true));
  load.finish();
}

TEST_F(SickRedis, AnswersThatAreNoRespOrAGigabyteLong) {
  redis.start();
  RedisTestProxy proxy(redis.port());
  FleetServer server(through(proxy, with_defaults(redis.options())));
  ASSERT_TRUE(server.wait_connected(true));
  Load load(server, 1);
  for (const auto mode : {RedisTestProxy::Mode::kNotResp, RedisTestProxy::Mode::kGigantic}) {
    const double before = server.errors(metrics::RedisError::kProtocol);
    proxy.set_mode(mode);
    EXPECT_TRUE(server.wait_connected(false));
    load.wait_for(100);
    EXPECT_GT(server.errors(metrics::RedisError::kProtocol), before);
    proxy.set_mode(RedisTestProxy::Mode::kForward);
    proxy.drop_connections();
    EXPECT_TRUE(server.wait_connected(true));
  }
  load.finish();
}

TEST_F(SickRedis, AWrongPasswordIsACounterAndNotAnError) {
  redis.start();
  RedisOptions options = with_defaults(redis.options());
  options.endpoint.password = "wrong";
  options.endpoint.user = "nobody";
  FleetServer server(options);
  EXPECT_EQ(count_computes(server.look_up(query, some_documents(3))), 3U);
  for (int i = 0; i < 1000 && server.errors(metrics::RedisError::kAuth) == 0; ++i) {
    wait_ms(10);
  }
  EXPECT_GT(server.errors(metrics::RedisError::kAuth), 0);
  EXPECT_FALSE(server.cache->stats().connected);
}

TEST_F(SickRedis, WithoutChannelRightsWaitersLiveOnAsking) {
  redis.start();
  redis.command({"ACL", "SETUSER", "nochan", "on", ">pw", "~*", "resetchannels", "+@all"});
  RedisOptions options = redis.options();
  options.lease = milliseconds(1000);
  options.endpoint.user = "nochan";
  options.endpoint.password = "pw";
  FleetServer a(options);
  FleetServer b(options);
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(3);
  a.look_up(query, documents);
  auto waiting = b.ask(query, documents);
  wait_ms(50);
  a.cache->store(query, scores_of(documents));
  EXPECT_EQ(count_computes(waiting->wait(b.clock)), 0U);
}

TEST_F(SickRedis, AReadOnlyReplicaStillGivesWhatItHas) {
  redis.start();
  FleetServer writer(redis.options());
  ASSERT_TRUE(writer.wait_connected(true));
  const auto documents = some_documents(6);
  writer.cache->store(query, scores_of({documents.begin(), documents.begin() + 3}));
  writer.settle(query);
  RedisTestServer replica({"--replicaof", "127.0.0.1 " + std::to_string(redis.port())});
  replica.start();
  for (int i = 0; i < 1000 && replica.command({"HLEN", scores_key(query)}).integer != 3; ++i) {
    wait_ms(10);
  }
  FleetServer reader(replica.options());
  ASSERT_TRUE(reader.wait_connected(true));
  const auto answers = reader.look_up(query, documents);
  EXPECT_EQ(count_computes(answers), 3U);
  EXPECT_EQ(answers.at(0).score, score_of(documents[0]));
  reader.cache->store(query, scores_of(documents));
  for (int i = 0; i < 500 && reader.errors(metrics::RedisError::kReply) < 2; ++i) {
    wait_ms(10);
  }
  EXPECT_GE(reader.errors(metrics::RedisError::kReply), 2);  // the claim, the store
}

TEST_F(SickRedis, AFullServerThatEvictsNothingStillGivesAndStillNotifies) {
  redis.start();
  FleetServer a(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(6);
  a.cache->store(query, scores_of({documents.begin(), documents.begin() + 3}));
  a.settle(query);
  a.look_up(query, {documents[5]});
  auto waiting = b.ask(query, {documents[5]});
  wait_ms(50);
  redis.command({"CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction"});
  const auto answers = b.look_up(query, {documents.begin(), documents.begin() + 5});
  EXPECT_EQ(count_computes(answers), 2U);
  EXPECT_EQ(answers.at(0).score, score_of(documents[0]));
  a.cache->store(query, scores_of({documents[5]}));
  EXPECT_EQ(count_computes(waiting->wait(b.clock)), 0U);
  EXPECT_GT(b.errors(metrics::RedisError::kReply), 0);
  redis.command({"CONFIG", "SET", "maxmemory", "0"});
  expect_shared(a, b, "after");
}

TEST_F(SickRedis, FlushedScriptsFlushedAndConnectionsKilledUnderLoad) {
  redis.start();
  FleetServer a(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  Load load_a(a, 1);
  Load load_b(b, 2);
  for (int i = 0; i < 4; ++i) {
    redis.command({"FLUSHALL"});
    load_a.wait_for(20);
    redis.command({"SCRIPT", "FLUSH"});
    load_b.wait_for(20);
    redis.command({"CLIENT", "KILL", "TYPE", "normal"});
    load_a.wait_for(20);
    redis.command({"CLIENT", "KILL", "TYPE", "pubsub"});
    load_b.wait_for(20);
  }
  load_a.finish();
  load_b.finish();
  EXPECT_TRUE(a.wait_connected(true));
  EXPECT_TRUE(b.wait_connected(true));
  expect_shared(a, b, "after");
}

TEST_F(SickRedis, KeysOfAnotherTypeAreAMiss) {
  redis.start();
  FleetServer server(redis.options());
  ASSERT_TRUE(server.wait_connected(true));
  redis.command({"SET", scores_key(query), "mine"});
  EXPECT_EQ(count_computes(server.look_up(query, some_documents(3))), 3U);
  server.cache->store(query, scores_of(some_documents(3)));
  server.settle(query);
  EXPECT_EQ(redis.command({"GET", scores_key(query)}).text, "mine");
  const QueryKey other{digest128("other")};
  redis.command({"RPUSH", scores_key(other) + ":l", "x"});
  EXPECT_EQ(count_computes(server.look_up(other, some_documents(3))), 3U);
  server.cache->store(other, scores_of(some_documents(3)));
  server.settle(other);
  EXPECT_EQ(count_computes(server.look_up(other, some_documents(3))), 0U);
}

TEST_F(SickRedis, ValuesThatAreNoScoresAreClaimedAndOverwritten) {
  redis.start();
  FleetServer server(redis.options());
  ASSERT_TRUE(server.wait_connected(true));
  const auto documents = some_documents(7);
  const std::vector<std::string> bad = {"",
                                        "1234",
                                        "123456",
                                        std::string("\0\0\xc0\x7f\0", 5),  // NaN
                                        std::string("\0\0\x80\xff\0", 5),  // -infinity
                                        std::string("\0\0\0\0\2", 5),      // unknown flag
                                        std::string(100000, 'x')};
  for (std::size_t i = 0; i < bad.size(); ++i) {
    redis.command({"HSET", scores_key(query), raw_bytes(documents[i]), bad[i]});
  }
  EXPECT_EQ(count_computes(server.look_up(query, documents)), documents.size());
  EXPECT_EQ(server.counter(metrics::LeaseEvent::kClaimed, static_cast<double>(documents.size())),
            static_cast<double>(documents.size()));
  server.cache->store(query, scores_of(documents));
  server.settle(query);
  for (const auto& [index, answer] : server.look_up(query, documents)) {
    EXPECT_EQ(answer.score, score_of(documents[index]));
  }
}

TEST_F(SickRedis, LeasesThatNobodyOfUsWroteHoldNobodyLongerThanALease) {
  redis.start();
  RedisOptions options = redis.options();
  options.lease = milliseconds(400);
  FleetServer server(options);
  ASSERT_TRUE(server.wait_connected(true));
  const auto documents = some_documents(5);
  const std::vector<std::string> leases = {
      "99999999999999 0123456789abcdef.1",  // by a clock an hour ahead, or worse
      "1 0123456789abcdef.1",               // by a clock far behind: taken over
      "not a lease",
      "",
      "99999999999999999999999999999999999 x 0123 4567",
  };
  for (std::size_t i = 0; i < leases.size(); ++i) {
    redis.command({"HSET", scores_key(query) + ":l", raw_bytes(documents[i]), leases[i]});
  }
  EXPECT_EQ(count_computes(server.look_up(query, documents)), documents.size());
  EXPECT_EQ(server.counter(metrics::LeaseEvent::kTakenOver, 3), 3);
}

TEST_F(SickRedis, AnOwnerThatWasKilledCostsItsWaitersOneLease) {
  redis.start();
  RedisOptions options = redis.options();
  options.lease = milliseconds(500);
  RedisTestProxy proxy(redis.port());
  // SIGKILL as Redis sees it: the owner's connections fall silent and no release comes.
  auto owner = std::make_unique<FleetServer>(through(proxy, options));
  FleetServer waiter(options);
  ASSERT_TRUE(owner->wait_connected(true));
  ASSERT_TRUE(waiter.wait_connected(true));
  owner->look_up(query, some_documents(3));
  proxy.set_mode(RedisTestProxy::Mode::kSilent);
  EXPECT_EQ(count_computes(waiter.look_up(query, some_documents(3))), 3U);
  EXPECT_EQ(waiter.counter(metrics::LeaseEvent::kTakenOver, 3), 3);
}

TEST_F(SickRedis, AnOwnerThatSleptBeyondItsLeaseStoresLateAndHarmsNobody) {
  redis.start();
  RedisOptions options = redis.options();
  options.lease = milliseconds(300);
  RedisTestProxy proxy(redis.port());
  FleetServer sleeper(through(proxy, options));
  FleetServer waiter(options);
  ASSERT_TRUE(sleeper.wait_connected(true));
  ASSERT_TRUE(waiter.wait_connected(true));
  const auto documents = some_documents(3);
  sleeper.look_up(query, documents);
  sleeper.cache->start(query, documents);
  proxy.set_mode(RedisTestProxy::Mode::kSlow);  // its renewals come too late
  EXPECT_EQ(count_computes(waiter.look_up(query, documents)), 3U);
  EXPECT_EQ(waiter.counter(metrics::LeaseEvent::kTakenOver, 3), 3);
  waiter.cache->start(query, documents);
  proxy.set_mode(RedisTestProxy::Mode::kForward);
  EXPECT_EQ(sleeper.counter(metrics::LeaseEvent::kLost, 3), 3);  // its renewals take nothing back
  sleeper.cache->store(query, scores_of(documents));
  waiter.cache->store(query, scores_of(documents));
  waiter.settle(query);
  EXPECT_EQ(count_computes(waiter.look_up(query, documents)), 0U);
}

}  // namespace
}  // namespace rr::cache
