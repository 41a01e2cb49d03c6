// The distributed cache against a real redis-server that works as it should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "cache/redis_script_model.h"
#include "cache/redis_scripts.h"
#include "cache/redis_test_fleet.h"

namespace rr::cache {
namespace {

class LiveRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = RedisTestServer::missing(); !missing.empty()) {
      GTEST_SKIP() << missing;
    }
    redis.start();
    // Else the first call of each is sent once more, behind what settle() asks.
    for (int script = 0; script < kScriptCount; ++script) {
      redis.command({"SCRIPT", "LOAD", std::string(script_text(static_cast<Script>(script)))});
    }
  }

  RedisTestServer redis;
  QueryKey query{digest128("query")};
};

TEST_F(LiveRedis, WhatOneServerComputedAnotherReadsInEveryBit) {
  FleetServer a(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(20);
  EXPECT_EQ(count_computes(a.look_up(query, documents)), 20U);
  auto waiting = b.ask(query, documents);
  wait_ms(20);
  a.cache->store(query, scores_of(documents));
  for (const auto& [index, answer] : waiting->wait(b.clock)) {
    EXPECT_EQ(answer.kind, RemoteAnswer::Kind::kScore);
    EXPECT_TRUE(answer.joined);
    EXPECT_EQ(answer.score, score_of(documents[index]));
  }
  a.settle(query);
  for (const auto& [index, answer] : a.look_up(query, documents)) {
    EXPECT_EQ(answer.score, score_of(documents[index]));
  }
  EXPECT_EQ(a.cache->stats().keyspace_misses, 21U);
  EXPECT_EQ(a.cache->stats().keyspace_hits, 20U);
  EXPECT_EQ(a.counter(metrics::LeaseEvent::kClaimed, 21), 21);
  EXPECT_EQ(b.counter(metrics::LeaseEvent::kWaited, 20), 20);
}

TEST_F(LiveRedis, ARequestIsOneRoundTripAndEachThousandDocumentsOneCall) {
  FleetServer server(redis.options());
  ASSERT_TRUE(server.wait_connected(true));
  // What a command's count has grown by once it has grown by `wanted`, or more, and come to rest.
  const auto growth = [&](std::string_view command, long before, long wanted) {
    for (int i = 0; i < 1000 && redis.calls_of(command) - before < wanted; ++i) {
      wait_ms(10);
    }
    wait_ms(50);
    return redis.calls_of(command) - before;
  };
  for (const auto& [count, calls] :
       {std::pair{20, 1L}, std::pair{1000, 1L}, std::pair{10000, 10L}}) {
    const auto documents = some_documents(count);
    const QueryKey fresh{digest128("query of " + std::to_string(count))};
    long reads = redis.calls_of("hmget");
    EXPECT_EQ(count_computes(server.look_up(fresh, documents)), documents.size());
    EXPECT_EQ(growth("hmget", reads, 2 * calls), 2 * calls) << count;  // scores, then leases
    reads = redis.calls_of("hmget");
    const long writes = redis.calls_of("hset");
    server.cache->store(fresh, scores_of(documents));
    EXPECT_EQ(growth("hset", writes, calls), calls) << count;
    EXPECT_EQ(growth("hmget", reads, calls), calls) << count;
    server.settle(fresh);
    wait_ms(50);
    reads = redis.calls_of("hmget");
    EXPECT_EQ(count_computes(server.look_up(fresh, documents)), 0U);
    EXPECT_EQ(growth("hmget", reads, calls), calls) << count;  // all hits: no lease is read
  }
  EXPECT_EQ(redis.calls_of("keys") + redis.calls_of("scan"), 0);
}

TEST_F(LiveRedis, AHashIsMadeWithAJitteredTimeToLiveThatIsNotExtended) {
  FleetServer server(redis.options());
  ASSERT_TRUE(server.wait_connected(true));
  std::set<std::int64_t> times;
  for (int i = 0; i < 8; ++i) {
    const QueryKey fresh{digest128("q" + std::to_string(i))};
    server.look_up(fresh, some_documents(1));
    server.cache->store(fresh, scores_of(some_documents(1)));
    server.settle(fresh);
    const std::int64_t ttl = redis.command({"PTTL", scores_key(fresh)}).integer;
    EXPECT_GE(ttl, 539000);
    EXPECT_LE(ttl, 660000);
    times.insert(ttl / 1000);
  }
  EXPECT_GT(times.size(), 2U);
  redis.command({"PEXPIRE", scores_key({digest128("q0")}), "5000"});
  server.cache->store({digest128("q0")}, scores_of(some_documents(1, 50)));
  server.settle({digest128("q0")});
  EXPECT_LE(redis.command({"PTTL", scores_key({digest128("q0")})}).integer, 5000);
}

TEST_F(LiveRedis, AHashHoldsAtMost16384Fields) {
  FleetServer server(redis.options());
  ASSERT_TRUE(server.wait_connected(true));
  server.cache->store(query, scores_of(some_documents(20000)));
  server.settle(query);
  EXPECT_EQ(redis.command({"HLEN", scores_key(query)}).integer, 16384);
}

TEST_F(LiveRedis, APairTakesFewBytes) {
  RedisOptions options = redis.options();
  FleetServer server(options);
  ASSERT_TRUE(server.wait_connected(true));
  for (const auto& [per_query, limit] :
       {std::pair{20, 40}, std::pair{100, 32}, std::pair{1000, 112}}) {
    redis.command({"FLUSHALL"});
    const auto used = [&] {
      const std::string info = redis.command({"INFO", "memory"}).text;
      const std::string line = "\nused_memory:";
      return std::stol(info.substr(info.find(line) + line.size()));
    };
    const long before = used();
    const int pairs = 100000;
    const auto scores = scores_of(some_documents(per_query));
    for (int i = 0; i < pairs / per_query; ++i) {
      const QueryKey fresh{digest128("q" + std::to_string(i))};
      server.cache->store(fresh, scores);
      if (i % 500 == 0) {
        server.settle(fresh);  // not faster than Redis
      }
    }
    for (int i = 0; i < 1000 && redis.command({"DBSIZE"}).integer < pairs / per_query; ++i) {
      wait_ms(10);
    }
    for (int i = 0; i < options.pool_size * 4; ++i) {
      server.settle({digest128("q" + std::to_string(i))});
    }
    const double bytes = static_cast<double>(used() - before) / pairs;
    RecordProperty("bytes_per_pair_at_" + std::to_string(per_query), std::to_string(bytes));
    EXPECT_LE(bytes, limit) << per_query << " documents a query";
  }
}

TEST_F(LiveRedis, EntriesAreCountedForTheFleetAndVanishWithTheData) {
  FleetServer a(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  a.cache->store(query, scores_of(some_documents(30)));
  b.cache->store({digest128("q2")}, scores_of(some_documents(12)));
  const auto entries_become = [](FleetServer& server, std::uint64_t wanted) {
    for (int i = 0; i < 1000 && server.cache->stats().cached_entries != wanted; ++i) {
      wait_ms(10);
    }
    return server.cache->stats().cached_entries;
  };
  EXPECT_EQ(entries_become(a, 42), 42U);
  EXPECT_EQ(entries_become(b, 42), 42U);
  a.cache->store(query, scores_of(some_documents(30)));  // nothing new
  a.settle(query);
  redis.command({"FLUSHALL"});
  EXPECT_EQ(entries_become(a, 0), 0U);
}

TEST_F(LiveRedis, AReleasedPairGoesToTheServerThatWaits) {
  FleetServer a(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(3);
  a.look_up(query, documents);
  auto waiting = b.ask(query, documents);
  wait_ms(20);
  const TimePoint released = b.clock.now();
  a.cache->release(query, documents);
  EXPECT_EQ(count_computes(waiting->wait(b.clock)), 3U);
  EXPECT_LT(b.clock.now() - released, redis.options().lease / 2);  // not by asking again
  EXPECT_EQ(b.counter(metrics::LeaseEvent::kTakenOver, 0), 0);
}

TEST_F(LiveRedis, ARequestComputesItsOwnPairsWhileItWaitsForOthers) {
  FleetServer a(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(10);
  a.look_up(query, {documents.begin(), documents.begin() + 4});
  auto waiting = b.ask(query, documents);
  EXPECT_EQ(count_computes(waiting->wait_for(6, b.clock)), 6U);
  a.cache->store(query, scores_of({documents.begin(), documents.begin() + 4}));
  EXPECT_EQ(waiting->wait(b.clock).size(), 10U);
}

TEST_F(LiveRedis, ThreeServersAskedAtOnceComputeEveryPairOnce) {
  RedisOptions options = redis.options();
  options.timeout = std::chrono::milliseconds(2000);
  options.lease = std::chrono::milliseconds(10000);
  std::vector<std::unique_ptr<FleetServer>> fleet;
  for (int i = 0; i < 3; ++i) {
    fleet.push_back(std::make_unique<FleetServer>(options));
    ASSERT_TRUE(fleet.back()->wait_connected(true));
  }
  for (int run = 0; run < 20; ++run) {
    const QueryKey fresh{digest128("run " + std::to_string(run))};
    const auto documents = some_documents(30);
    std::vector<std::shared_ptr<PendingAnswers>> pending;
    for (auto& server : fleet) {
      auto answers = std::make_shared<PendingAnswers>(documents.size());
      pending.push_back(answers);
      ScoreCache& cache = *server->cache;
      cache.lookup_and_claim(fresh,
                             documents,
                             Deadline::never(),
                             [answers, &cache, fresh, documents](
                                 std::span<const RemoteAnswer> given, std::size_t waiting) {
                               answers->add(given, waiting);
                               for (const RemoteAnswer& answer : given) {
                                 if (answer.kind == RemoteAnswer::Kind::kCompute) {
                                   cache.store(fresh, scores_of({documents[answer.index]}));
                                 }
                               }
                             });
    }
    std::size_t computed = 0;
    for (std::size_t i = 0; i < fleet.size(); ++i) {
      const auto answers = pending[i]->wait(fleet[i]->clock);
      computed += count_computes(answers);
    }
    EXPECT_EQ(computed, 30U) << "run " << run;
  }
}

TEST_F(LiveRedis, AUnixSocketADatabaseAndAUserWithPasswordWork) {
  redis.command({"ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all"});
  RedisOptions options = redis.options();
  options.endpoint = parse_redis_url("unix://app:pw@" + redis.socket_path() + "?db=3").value();
  FleetServer server(options);
  ASSERT_TRUE(server.wait_connected(true));
  server.cache->store(query, scores_of(some_documents(2)));
  EXPECT_EQ(count_computes(server.look_up(query, some_documents(2))), 0U);
  EXPECT_EQ(redis.command({"EXISTS", scores_key(query)}).integer, 0);
}

TEST_F(LiveRedis, TheDocumentedAclIsEnough) {
  // docs/ADVANCED_FEATURES.md, "Security".
  const RespValue set = redis.command(
      {"ACL",          "SETUSER",         "rerankd",        "on",       ">secret", "resetkeys",
       "~rerankd:1:*", "resetchannels",   "&rerankd:1:n:*", "-@all",    "+auth",   "+ping",
       "+select",      "+client|setname", "+subscribe",     "+publish", "+eval",   "+evalsha",
       "+time",        "+hmget",          "+hset",          "+hlen",    "+hdel",   "+hgetall",
       "+hincrby",     "+pttl",           "+pexpire",       "+del"});
  ASSERT_EQ(set.text, "OK");
  RedisOptions options = redis.options();
  options.endpoint.user = "rerankd";
  options.endpoint.password = "secret";
  FleetServer a(options);
  FleetServer b(options);
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(5);
  a.look_up(query, documents);
  auto waiting = b.ask(query, documents);
  wait_ms(20);
  a.cache->store(query, scores_of({documents.begin(), documents.begin() + 4}));
  a.cache->release(query, {documents[4]});
  const auto answers = waiting->wait(b.clock);
  EXPECT_EQ(count_computes(answers), 1U);
  EXPECT_EQ(b.errors(metrics::RedisError::kReply), 0);
  for (int i = 0; i < 300 && a.cache->stats().cached_entries != 4; ++i) {
    wait_ms(10);
  }
  EXPECT_EQ(a.cache->stats().cached_entries, 4U);
}

TEST_F(LiveRedis, TheScriptsMeanWhatTheirModelSays) {
  std::mt19937_64 random(5);
  RedisScriptModel model;
  const auto documents = some_documents(6);
  const auto pick = [&](int high) { return std::uniform_int_distribution<int>(0, high)(random); };
  for (std::uint64_t step = 1; step <= 600; ++step) {
    const SharingIdentity identity{.key_prefix = "m",
                                   .fingerprint = "f",
                                   .owner = pick(1) == 0 ? "aa" : "bb",
                                   .lease = std::chrono::seconds(600)};
    const std::span<const Digest128> some(documents.data() + pick(3),
                                          static_cast<std::size_t>(1 + pick(2)));
    std::vector<ClaimedDocument> claims;
    for (const Digest128& document : some) {
      claims.push_back({document, step > 3 ? step - static_cast<std::uint64_t>(pick(3)) : step});
    }
    ScriptCall call;
    switch (pick(5)) {
      case 0:
        call = {
            step,
            Script::kStore,
            0,
            store_arguments(
                identity, query, scores_of({some.begin(), some.end()}), std::chrono::seconds(600))};
        break;
      case 1:
        call = {step, Script::kRelease, 0, release_arguments(identity, query, claims)};
        break;
      case 2:
        call = {step, Script::kRenew, 0, renew_arguments(identity, query, claims)};
        break;
      default:
        call = {
            step,
            Script::kLookup,
            0,
            lookup_arguments(identity, query, some, step, pick(1) == 0 ? Hears::kNo : Hears::kYes)};
    }
    if (pick(15) == 0) {
      model = RedisScriptModel();
      redis.command({"FLUSHALL"});
    }
    std::vector<std::string> command = {"EVAL",
                                        std::string(script_text(call.script)),
                                        std::to_string(script_key_count(call.script))};
    command.insert(command.end(), call.arguments.begin(), call.arguments.end());
    const RespValue real = redis.command(command);
    const RespValue modelled = model.run(call, 1'000'000);
    ASSERT_EQ(real.elements.size(), 2U) << real.text;
    ASSERT_EQ(real.elements[0].integer, modelled.elements[0].integer) << step;
    if (call.script == Script::kLookup) {
      const auto left = decode_lookup(real, some.size());
      const auto right = decode_lookup(modelled, some.size());
      ASSERT_TRUE(left.ok());
      for (std::size_t i = 0; i < some.size(); ++i) {
        ASSERT_EQ(left->entries[i].kind, right->entries[i].kind) << step;
        ASSERT_EQ(left->entries[i].score, right->entries[i].score) << step;
      }
    } else {
      ASSERT_EQ(real.elements[0].text, modelled.elements[0].text) << step;
    }
  }
}

TEST_F(LiveRedis, DestructionGivesTheLeasesBack) {
  auto a = std::make_unique<FleetServer>(redis.options());
  FleetServer b(redis.options());
  ASSERT_TRUE(a->wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  a->look_up(query, some_documents(5));
  auto waiting = b.ask(query, some_documents(5));
  wait_ms(20);
  a.reset();
  EXPECT_EQ(count_computes(waiting->wait(b.clock)), 5U);
  EXPECT_EQ(b.counter(metrics::LeaseEvent::kTakenOver, 0), 0);
}

TEST_F(LiveRedis, AClaimThatIsComputedLongerThanALeaseIsKeptAlive) {
  RedisOptions options = redis.options();
  options.lease = std::chrono::milliseconds(300);
  FleetServer a(options);
  FleetServer b(options);
  ASSERT_TRUE(a.wait_connected(true));
  ASSERT_TRUE(b.wait_connected(true));
  const auto documents = some_documents(2);
  a.look_up(query, documents);
  a.cache->start(query, documents);
  auto waiting = b.ask(query, documents);
  wait_ms(1200);
  a.cache->store(query, scores_of(documents));
  EXPECT_EQ(count_computes(waiting->wait(b.clock)), 0U);
  EXPECT_EQ(a.counter(metrics::LeaseEvent::kLost, 0), 0);
}

}  // namespace
}  // namespace rr::cache
