#include "cli/load_run.h"

#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <thread>

namespace rr::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

enum class After { kKeep, kClose };

// A server on loopback whose answers a function decides; a thread per connection.
class TinyServer {
 public:
  using Answer = std::function<std::pair<int, After>(int request)>;

  explicit TinyServer(Answer answer)
      : answer_(std::move(answer)),
        acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this] { accept(); }) {}

  ~TinyServer() {
    stopping_ = true;
    tcp::socket poke(context_);  // wakes accept()
    beast::error_code ignored;
    poke.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  LoadTarget target() const {
    return {.host = "127.0.0.1",
            .port = std::to_string(acceptor_.local_endpoint().port()),
            .path = "/rerank"};
  }
  int requests() const { return requests_; }

 private:
  void accept() {
    std::vector<std::jthread> connections;
    while (true) {
      tcp::socket socket(context_);
      acceptor_.accept(socket);
      if (stopping_) {
        return;
      }
      connections.emplace_back([this, socket = std::move(socket)]() mutable { serve(socket); });
    }
  }

  void serve(tcp::socket& socket) {
    beast::flat_buffer buffer;
    beast::error_code error;
    while (true) {
      http::request<http::string_body> request;
      http::read(socket, buffer, request, error);
      if (error) {
        return;
      }
      const auto [status, after] = answer_(requests_++);
      if (status == 0) {
        return;  // hangs up instead of an answer
      }
      http::response<http::string_body> response(static_cast<http::status>(status), 11);
      response.body() = "{}";
      response.prepare_payload();
      http::write(socket, response, error);
      if (after == After::kClose) {
        return;
      }
    }
  }

  Answer answer_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> requests_ = 0;
  std::jthread thread_;
};

LoadRunOptions options_for(const TinyServer& server) {
  LoadRunOptions options;
  options.targets = {server.target()};
  options.requests = 50;
  options.clients = 4;
  options.timeout = std::chrono::seconds(20);
  return options;
}

Result<LoadReport> run(const LoadRunOptions& options) {
  const SystemClock clock;
  return run_load(options, clock, [] {});
}

TEST(LoadRun, ClosedLoopSendsEveryRequestOnce) {
  TinyServer server([](int) { return std::pair(200, After::kKeep); });
  const auto report = run(options_for(server));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answered(), 50U);
  EXPECT_EQ(report->distinct_requests, 50U);
  EXPECT_EQ(server.requests(), 50);
}

TEST(LoadRun, RepeatsAreNotCountedAsDistinct) {
  TinyServer server([](int) { return std::pair(200, After::kKeep); });
  LoadRunOptions options = options_for(server);
  options.shape.duplicates = 0.5;
  const auto report = run(options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answered(), 50U);
  EXPECT_GT(report->distinct_requests, 10U);
  EXPECT_LT(report->distinct_requests, 40U);
}

TEST(LoadRun, OpenLoopSendsEveryRequestOnce) {
  TinyServer server([](int) { return std::pair(200, After::kKeep); });
  LoadRunOptions options = options_for(server);
  options.rate = 2000;
  const auto report = run(options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answered(), 50U);
  EXPECT_EQ(server.requests(), 50);
}

TEST(LoadRun, StatusesAreCountedApart) {
  TinyServer server([](int i) { return std::pair(i % 5 == 0 ? 429 : 200, After::kKeep); });
  const auto report = run(options_for(server));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answered(), 40U);
  EXPECT_THAT(report->json(), ::testing::HasSubstr(R"("200":40,"429":10)"));
}

TEST(LoadRun, AConnectionClosedBetweenRequestsIsMadeAnew) {
  TinyServer server([](int) { return std::pair(200, After::kClose); });
  const auto report = run(options_for(server));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answered(), 50U);
}

TEST(LoadRun, AServerThatHangsUpIsCountedAsBroken) {
  TinyServer server([](int) { return std::pair(0, After::kClose); });
  const auto report = run(options_for(server));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answered(), 0U);
  EXPECT_EQ(report->requests(), 50U);
  EXPECT_THAT(report->json(), ::testing::HasSubstr(R"("broken":50)"));
}

TEST(LoadRun, NobodyListeningIsCountedAsConnect) {
  LoadRunOptions options;
  {
    TinyServer gone([](int) { return std::pair(200, After::kKeep); });
    options = options_for(gone);
  }
  const auto report = run(options);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->json(), ::testing::HasSubstr(R"("connect":50)"));
}

TEST(LoadRun, TargetsAreUsedInTurn) {
  TinyServer one([](int) { return std::pair(200, After::kKeep); });
  TinyServer two([](int) { return std::pair(200, After::kKeep); });
  LoadRunOptions options = options_for(one);
  options.targets.push_back(two.target());
  ASSERT_TRUE(run(options).ok());
  EXPECT_EQ(one.requests(), 25);
  EXPECT_EQ(two.requests(), 25);
}

}  // namespace
}  // namespace rr::cli
