#include "http/server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/fake_service.h"
#include "http/raw_client.h"
#include "http/routes.h"

namespace rr::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A running server on any port, on top of a fake service.
class ServerTest : public ::testing::Test {
 protected:
  void start(const std::function<void(ServerOptions&)>& adjust = [](ServerOptions&) {}) {
    ServerOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.site.version = "1.2.3";
    adjust(options);
    server_ = std::make_unique<Server>(std::move(options), fake_.service(), metrics_, clock_);
    ASSERT_TRUE(server_->start().ok());
  }

  static std::string post(const std::string& path,
                          const std::string& body,
                          const std::string& headers = "") {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string get(const std::string& path, const std::string& headers = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
  }
  RawAnswer ask(const std::string& request) {
    RawClient client(server_->port());
    client.send(request);
    return client.read_answer();
  }

  static constexpr const char* kBody = R"({"query":"q","documents":["a","bbbb","cc"]})";

  SystemClock clock_;
  metrics::Metrics metrics_{route_labels(), {}};
  FakeService fake_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, RerankAnswersDocumentsInOrderOfRelevance) {
  start();
  const RawAnswer answer = ask(post("/rerank", kBody));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_NE(answer.body.find(R"("results":[{"index":1,"document":"bbbb","score":0.7310586,)"),
            std::string::npos)
      << answer.body;
}

TEST_F(ServerTest, V1RerankAndHealthAnswer) {
  start();
  const RawAnswer answer = ask(post("/v1/rerank", kBody));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("document":{"text":"bbbb"})"), std::string::npos) << answer.body;
  const RawAnswer health = ask(get("/health"));
  EXPECT_EQ(health.status, 200);
  EXPECT_TRUE(health.body.starts_with(R"({"status":"ok","model":{"name":"fake-model")"))
      << health.body;
}

}  // namespace
}  // namespace rr::http
