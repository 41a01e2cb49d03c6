// TLS to a real redis-server whose certificate the test makes itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cache/redis_test_fleet.h"

namespace rr::cache {
namespace {

// A certificate authority, a server certificate for `name` and a client certificate, in a folder.
class Certificates {
 public:
  explicit Certificates(const std::string& name) {
    const std::string dir = dir_.path().string();
    constexpr std::string_view kNewKey =
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    ok_ = run(fmt::format(
        "{0} -x509 -days 2 -subj /CN=ca -keyout {1}/ca.key -out {1}/ca.crt", kNewKey, dir));
    for (const std::string_view who : {"server", "client"}) {
      ok_ = ok_ &&
            run(fmt::format("{0} -subj /CN={1} -addext subjectAltName=DNS:{1}"
                            " -keyout {2}/{3}.key -out {2}/{3}.csr",
                            kNewKey,
                            name,
                            dir,
                            who)) &&
            run(fmt::format("openssl x509 -req -days 2 -copy_extensions copy -in {0}/{1}.csr"
                            " -CA {0}/ca.crt -CAkey {0}/ca.key -CAcreateserial -out {0}/{1}.crt",
                            dir,
                            who));
    }
  }

  bool ok() const { return ok_; }
  std::string file(const std::string& name) const { return (dir_.path() / name).string(); }

 private:
  static bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  }

  TempDir dir_;
  bool ok_ = false;
};

class TlsRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = RedisTestServer::missing(); !missing.empty()) {
      GTEST_SKIP() << missing;
    }
    if (!certificates.ok()) {
      GTEST_SKIP() << "openssl (Debian: openssl) is not there; nothing about TLS is tested";
    }
    redis =
        std::make_unique<RedisTestServer>(std::vector<std::string>{"--tls-port",
                                                                   std::to_string(tls_port),
                                                                   "--tls-cert-file",
                                                                   certificates.file("server.crt"),
                                                                   "--tls-key-file",
                                                                   certificates.file("server.key"),
                                                                   "--tls-ca-cert-file",
                                                                   certificates.file("ca.crt")});
    redis->start();
  }

  RedisOptions options() const {
    RedisOptions tls = redis->options();
    tls.endpoint.transport = RedisEndpoint::Transport::kTls;
    tls.endpoint.port = tls_port;
    tls.tls = {.ca_file = certificates.file("ca.crt"),
               .cert_file = certificates.file("client.crt"),
               .key_file = certificates.file("client.key"),
               .server_name = "redis.test"};
    return tls;
  }

  // That it tried, failed, says why in its log and computes itself.
  void expect_refused(const RedisOptions& wrong, const std::string& reason) {
    testing::internal::CaptureStderr();
    expect_no_connection(wrong);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find(reason), std::string::npos) << log;
  }

  void expect_no_connection(const RedisOptions& wrong) {
    FleetServer server(wrong);
    for (int i = 0; i < 1000 && server.errors(metrics::RedisError::kConnect) < 2; ++i) {
      wait_ms(10);
    }
    EXPECT_GE(server.errors(metrics::RedisError::kConnect), 2);
    EXPECT_FALSE(server.cache->stats().connected);
    EXPECT_EQ(count_computes(server.look_up(query, some_documents(2))), 2U);
  }

  Certificates certificates{"redis.test"};
  int tls_port = free_port();
  std::unique_ptr<RedisTestServer> redis;
  QueryKey query{digest128("query")};
};

TEST_F(TlsRedis, AVerifiedServerAndAClientCertificateShareScores) {
  FleetServer server(options());
  ASSERT_TRUE(server.wait_connected(true));
  server.cache->store(query, scores_of(some_documents(1000)));
  server.settle(query);
  EXPECT_EQ(count_computes(server.look_up(query, some_documents(1000))), 0U);
}

TEST_F(TlsRedis, ACertificateOfAnotherNameIsRefused) {
  RedisOptions wrong = options();
  wrong.tls.server_name = "other.test";
  expect_refused(wrong, "TLS: certificate verify failed");
}

TEST_F(TlsRedis, ACertificateOfAnUnknownAuthorityIsRefused) {
  RedisOptions wrong = options();
  wrong.tls.ca_file.clear();  // the system's store
  expect_refused(wrong, "TLS: certificate verify failed");
}

// The server asks every client for a certificate of its authority (Redis' default).
TEST_F(TlsRedis, WithoutAClientCertificateNothingIsShared) {
  RedisOptions wrong = options();
  wrong.tls.cert_file.clear();
  wrong.tls.key_file.clear();
  expect_refused(wrong, "TLS: tlsv13 alert certificate required");
}

TEST_F(TlsRedis, AClientCertificateOfAnUnknownAuthorityIsRefused) {
  const Certificates others{"redis.test"};
  RedisOptions wrong = options();
  wrong.tls.cert_file = others.file("client.crt");
  wrong.tls.key_file = others.file("client.key");
  expect_refused(wrong, "TLS: tlsv1 alert unknown ca");
}

TEST_F(TlsRedis, FilesThatCannotBeUsedStopTheStart) {
  FleetServer server(redis->options());
  for (auto break_it : {+[](RedisTlsOptions& tls) { tls.ca_file = "/nowhere/ca.crt"; },
                        +[](RedisTlsOptions& tls) { tls.cert_file = "/nowhere/client.crt"; },
                        +[](RedisTlsOptions& tls) { tls.key_file = tls.ca_file; },
                        +[](RedisTlsOptions& tls) { tls.key_file.clear(); }}) {
    RedisOptions wrong = options();
    break_it(wrong.tls);
    const auto made = make_redis_score_cache(wrong, server.metrics, server.clock);
    EXPECT_EQ(made.status().code(), Code::kInvalidArgument);
    EXPECT_NE(made.status().message().find("REDIS_TLS_"), std::string::npos);
  }
}

}  // namespace
}  // namespace rr::cache
