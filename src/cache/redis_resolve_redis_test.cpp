// The name of a real redis-server that moves: this program's getaddrinfo(), which Asio calls, knows
// one name whose address the test changes.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>

#include "cache/redis_test_fleet.h"

namespace rr::cache {
namespace {

constexpr const char* kName = "moving.test";

// Where kName is now; nullptr = no name server answers.
std::atomic<const char*> address_of_name = nullptr;

}  // namespace
}  // namespace rr::cache

// Stands before the C library's, which answers every other name.
extern "C" int getaddrinfo(const char* node,
                           const char* service,
                           const addrinfo* hints,
                           addrinfo** results) {
  using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<GetAddrInfo>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && std::string_view(node) == rr::cache::kName) {
    node = rr::cache::address_of_name;
    if (node == nullptr) {
      return EAI_AGAIN;
    }
  }
  return real(node, service, hints, results);
}

namespace rr::cache {
namespace {

class MovingRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = RedisTestServer::missing(); !missing.empty()) {
      GTEST_SKIP() << missing;
    }
    address_of_name = nullptr;
    redis.start();
  }

  RedisOptions options() const {
    RedisOptions named = redis.options();
    named.endpoint.host = kName;
    return named;
  }

  // How many connections came in by this address, without the one that asks.
  int connections_to(const std::string& address) const {
    const std::string clients = redis.command({"CLIENT", "LIST", "TYPE", "normal"}).text +
                                redis.command({"CLIENT", "LIST", "TYPE", "pubsub"}).text;
    const std::string by_address = " laddr=" + address + ":" + std::to_string(redis.port()) + " ";
    int count = 0;
    std::size_t begin = 0;
    while (begin < clients.size()) {
      const std::size_t end = clients.find('\n', begin);
      const std::string line = clients.substr(begin, end - begin);
      begin = end == std::string::npos ? clients.size() : end + 1;
      const bool asks = line.find(" cmd=client|list") != std::string::npos;
      count += !asks && line.find(by_address) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  bool wait_for_connections(const std::string& address, int count) const {
    const SystemClock clock;
    const Deadline deadline = Deadline::after(clock, kTestPatience);
    while (connections_to(address) != count && !deadline.passed(clock.now())) {
      wait_ms(10);
    }
    return connections_to(address) == count;
  }

  RedisTestServer redis{{"--bind", "127.0.0.1 127.0.0.2"}};
  QueryKey query{digest128("query")};
};

TEST_F(MovingRedis, TheNameIsAskedForAgainAtEveryConnection) {
  FleetServer server(options());
  for (int i = 0; i < 1000 && server.errors(metrics::RedisError::kConnect) < 2; ++i) {
    wait_ms(10);
  }
  EXPECT_GE(server.errors(metrics::RedisError::kConnect), 2);
  EXPECT_FALSE(server.cache->stats().connected);

  const int all = options().pool_size + 1;  // and the one for notifications
  for (const char* address : {"127.0.0.2", "127.0.0.1"}) {
    address_of_name = address;
    redis.command({"CLIENT", "KILL", "TYPE", "normal"});
    redis.command({"CLIENT", "KILL", "TYPE", "pubsub"});
    EXPECT_TRUE(wait_for_connections(address, all)) << address;
    ASSERT_TRUE(server.wait_connected(true));
  }
  EXPECT_EQ(connections_to("127.0.0.2"), 0);

  server.cache->store(query, scores_of(some_documents(3)));
  server.settle(query);
  EXPECT_EQ(count_computes(server.look_up(query, some_documents(3))), 0U);
}

}  // namespace
}  // namespace rr::cache
