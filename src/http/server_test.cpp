#include "http/server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

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

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(server_->port());
  client.send(get("/live") + post("/rerank", kBody) + get("/nowhere") + get("/ping"));
  EXPECT_EQ(client.read_answer().body, R"({"status":"ok"})");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 404);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(ServerTest, PipelinedProbesAreAnsweredAfterAHalfClose) {
  start();
  RawClient client(server_->port());
  client.send(get("/live") + get("/ready"));
  client.half_close();
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(ServerTest, TheConnectionLivesOnAfterEveryErrorOfARequest) {
  start();
  RawClient client(server_->port());
  const std::pair<std::string, int> requests[] = {
      {post("/rerank", "{"), 400},
      {post("/rerank", R"({"query":"q"})"), 400},
      {post("/rerank", R"({"query":3,"texts":["a"]})"), 422},
      {post("/rerank", R"({"query":"q","documents":["a"],"deadline_ms":0})"), 504},
      {post("/nowhere", "some body"), 404},
      {post("/health", "some body"), 405},
      {get("/rerank"), 405},
      {"POST /rerank HTTP/1.1\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nabc", 415},
      {post("/rerank", kBody), 200}};
  for (const auto& [request, status] : requests) {
    ASSERT_TRUE(client.send(request));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, status) << request << answer.body;
    EXPECT_FALSE(answer.header("X-Request-Id").empty());
    EXPECT_EQ(answer.header("Connection"), "");
  }
}

TEST_F(ServerTest, TheRequestIdIsTakenOrMade) {
  start();
  EXPECT_EQ(ask(get("/live", "X-Request-Id: mine-1\r\n")).header("X-Request-Id"), "mine-1");
  EXPECT_EQ(ask(get("/live", "X-Request-Id: not ok\r\n")).header("X-Request-Id").size(), 32U);
  EXPECT_EQ(ask(get("/nowhere", "X-Request-Id: mine-2\r\n")).header("X-Request-Id"), "mine-2");
}

TEST_F(ServerTest, BytesThatAreNoHttpGet400AndTheConnectionEnds) {
  start();
  for (const std::string& bytes :
       {std::string("hello\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
        std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET /\x01 HTTP/1.1\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST /rerank HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    RawClient client(server_->port());
    client.send(bytes);
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_FALSE(answer.header("X-Request-Id").empty());
    EXPECT_TRUE(client.at_end());
  }
  EXPECT_EQ(ask(get("/live")).status, 200);
}

TEST_F(ServerTest, AHeadOverItsLimitGets431) {
  start([](ServerOptions& options) { options.limits.header_bytes = 1024; });
  const RawAnswer answer = ask(get("/live", "X-Long: " + std::string(2000, 'a') + "\r\n"));
  EXPECT_EQ(answer.status, 431);
}

TEST_F(ServerTest, ABodyOverTheLimitGets413WithLengthOrChunked) {
  start([](ServerOptions& options) { options.limits.body_bytes = 1000; });
  RawClient announced(server_->port());
  announced.send(post("/rerank", std::string(100'000, ' ')));
  const RawAnswer answer = announced.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("Connection"), "close");
  RawClient chunked(server_->port());
  chunked.send("POST /rerank HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send("800\r\n" + std::string(0x800, ' ') + "\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);
  EXPECT_EQ(metrics_.rejected(metrics::RejectReason::kBodyTooLarge).Value(), 2);
  EXPECT_EQ(ask(post("/rerank", kBody)).status, 200);
}

TEST_F(ServerTest, ChunkedBodiesAreRead) {
  start();
  RawClient client(server_->port());
  const std::string body = kBody;
  client.send("POST /rerank HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char byte : body) {
    client.send(std::string("1\r\n") + byte + "\r\n");
  }
  client.send("0\r\n\r\n" + get("/live"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().body, R"({"status":"ok"})");
}

TEST_F(ServerTest, ALargeBodyInPiecesIsRead) {
  start();
  const std::string body = R"({"query":"q","documents":["a",")" + std::string(3'000'000, 'x') +
                           R"("],"return_documents":false})";
  const RawAnswer answer = ask(post("/v1/rerank", body));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("results":[{"index":1,)"), std::string::npos) << answer.body;
}

TEST_F(ServerTest, Expect100ContinueIsAnsweredBeforeTheBody) {
  start();
  RawClient client(server_->port());
  const std::string body = kBody;
  client.send("POST /rerank HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client.read_interim().status, 100);
  client.send(body);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(ServerTest, Expect100ContinueIsRefusedWithoutTheBody) {
  start();
  RawClient client(server_->port());
  client.send("POST /nowhere HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
  const RawAnswer answer = client.read_interim();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("Connection"), "close");
}

TEST_F(ServerTest, ASlowHeadGets408AndASilentConnectionIsClosed) {
  start([](ServerOptions& options) { options.limits.idle_timeout = milliseconds(100); });
  RawClient slow(server_->port());
  slow.send("POST /rerank HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  EXPECT_EQ(slow.read_answer().status, 408);
  EXPECT_TRUE(slow.at_end());
  RawClient silent(server_->port());
  EXPECT_TRUE(silent.at_end());
}

TEST_F(ServerTest, ASlowBodyGets408) {
  start([](ServerOptions& options) {
    options.limits.idle_timeout = milliseconds(100);
    options.limits.body_timeout = milliseconds(100);
  });
  RawClient client(server_->port());
  client.send("POST /rerank HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_F(ServerTest, AClientThatClosesWhileBeingScoredCancelsItsRequest) {
  start();
  fake_.hold_requests();
  RawClient client(server_->port());
  client.send(post("/rerank", kBody));
  ASSERT_TRUE(fake_.wait_for_held(clock_));
  client.close();
  EXPECT_TRUE(fake_.wait_for_cancel(clock_));
  fake_.answer_held();  // too late: nobody is there
  EXPECT_EQ(ask(post("/rerank", kBody)).status, 200);
}

TEST_F(ServerTest, AHalfCloseOrResetWhileBeingScoredMeansTheClientLeft) {
  start();
  for (const bool half : {true, false}) {
    fake_.hold_requests();
    RawClient client(server_->port());
    client.send(post("/rerank", kBody));
    ASSERT_TRUE(fake_.wait_for_held(clock_));
    half ? client.half_close() : client.reset();
    EXPECT_TRUE(fake_.wait_for_cancel(clock_));
    fake_.answer_held();
    fake_.forget_cancels();
  }
}

TEST_F(ServerTest, ACloseIsSeenBehindAPipelinedRequest) {
  start();
  fake_.hold_requests();
  RawClient client(server_->port());
  client.send(post("/rerank", kBody) + post("/rerank", kBody));
  ASSERT_TRUE(fake_.wait_for_held(clock_));
  client.close();
  EXPECT_TRUE(fake_.wait_for_cancel(clock_));
}

TEST_F(ServerTest, RefusalsCarryRetryAfter) {
  start();
  fake_.fail_with({Code::kOverloaded, "the queue is full"}, 4);
  const RawAnswer answer = ask(post("/rerank", kBody));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("Retry-After"), "4");
}

TEST_F(ServerTest, FailuresHaveTheStatusOfTheTableInBothForms) {
  start();
  const std::string texts = R"({"query":"q","texts":["a"]})";
  for (const auto& [code, object, tei] : {std::tuple(Code::kUnprocessable, 422, 422),
                                          std::tuple(Code::kUnavailable, 503, 503),
                                          std::tuple(Code::kDeadlineExceeded, 504, 504),
                                          std::tuple(Code::kNonFinite, 500, 424),
                                          std::tuple(Code::kDeviceFailure, 500, 424)}) {
    fake_.fail_with({code, "it failed"}, 0);
    EXPECT_EQ(ask(post("/rerank", kBody)).status, object);
    EXPECT_EQ(ask(post("/rerank", texts)).status, tei);
  }
}

TEST_F(ServerTest, TeiAnswersCarryTheComputeHeaders) {
  start();
  const RawAnswer answer = ask(post("/rerank", R"({"query":"q","texts":["a","bb"]})"));
  EXPECT_EQ(answer.header("x-compute-characters"), "4");
  EXPECT_EQ(answer.header("x-compute-tokens"), "20");
}

TEST_F(ServerTest, HeadAnswersLikeGetWithoutTheBody) {
  start();
  RawClient client(server_->port());
  client.send("HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawAnswer answer = client.read_head();
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(std::stoi(answer.header("Content-Length")), 100);
  client.send(get("/live"));
  EXPECT_EQ(client.read_answer().body, R"({"status":"ok"})");
}

TEST_F(ServerTest, Http10ConnectionsCloseUnlessAskedToStay) {
  start();
  RawClient closing(server_->port());
  closing.send("GET /live HTTP/1.0\r\n\r\n");
  EXPECT_EQ(closing.read_answer().header("Connection"), "close");
  EXPECT_TRUE(closing.at_end());
  RawClient staying(server_->port());
  staying.send("GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(staying.read_answer().header("Connection"), "keep-alive");
  staying.send("GET /live HTTP/1.0\r\n\r\n");
  EXPECT_EQ(staying.read_answer().status, 200);
}

TEST_F(ServerTest, OneConnectionTooManyGets503) {
  start([](ServerOptions& options) { options.max_connections = 1; });
  RawClient first(server_->port());
  first.send(get("/live"));
  EXPECT_EQ(first.read_answer().status, 200);
  RawClient second(server_->port());
  const RawAnswer answer = second.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Connection"), "close");
  first.send(get("/live"));
  EXPECT_EQ(first.read_answer().status, 200);
}

TEST_F(ServerTest, AClientThatNeverReadsItsAnswersIsClosedAndHarmsNobody) {
  start([](ServerOptions& options) { options.limits.write_timeout = milliseconds(200); });
  // The answers carry the document back: more than all buffers on the way hold.
  const std::string document(4 << 20, 'a');
  const std::string request = post("/rerank", R"({"query":"q","documents":[")" + document + "\"]}");
  RawClient deaf(server_->port());
  bool closed = false;
  for (int i = 0; i < 16 && !closed; ++i) {
    closed = !deaf.send(request);
    EXPECT_EQ(ask(get("/live")).status, 200);
  }
  EXPECT_TRUE(closed);
  EXPECT_EQ(ask(post("/rerank", kBody)).status, 200);
}

TEST_F(ServerTest, FiveThousandIdleConnectionsLeaveRoomForOthers) {
  constexpr int kIdle = 5000;
  const long files = raise_open_files_limit();
  if (files < 2 * kIdle + 100) {
    GTEST_SKIP() << "this machine allows only " << files << " open files";
  }
  start();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < kIdle; ++i) {
    idle.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(idle.back()->connected());
  }
  EXPECT_EQ(ask(post("/rerank", kBody)).status, 200);
  idle.back()->send(get("/live"));
  EXPECT_EQ(idle.back()->read_answer().status, 200);
}

TEST_F(ServerTest, APortInUseIsNamed) {
  start();
  ServerOptions options;
  options.host = "127.0.0.1";
  options.port = server_->port();
  Server second(options, fake_.service(), metrics_, clock_);
  const Status status = second.start();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_NE(status.message().find("127.0.0.1:" + std::to_string(server_->port()) +
                                  ": Address already in use"),
            std::string::npos)
      << status.message();
}

TEST_F(ServerTest, AnUnknownHostIsNamed) {
  ServerOptions options;
  options.host = "no such host";
  Server server(options, fake_.service(), metrics_, clock_);
  EXPECT_NE(server.start().message().find("no such host"), std::string::npos);
}

TEST_F(ServerTest, WhileDrainingRequestsAreTakenAndAnswersCloseTheirConnection) {
  start();
  RawClient client(server_->port());
  client.send(get("/ready"));
  EXPECT_EQ(client.read_answer().status, 200);
  server_->start_draining();
  client.send(post("/rerank", kBody));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(ask(get("/ready")).status, 503);
  EXPECT_EQ(ask(get("/live")).status, 200);
}

TEST_F(ServerTest, ADrainLetsRunningRequestsFinishAndTakesNoNewConnections) {
  start();
  fake_.hold_requests();
  RawClient running(server_->port());
  RawClient idle(server_->port());
  running.send(post("/rerank", kBody));
  ASSERT_TRUE(fake_.wait_for_held(clock_));
  std::jthread drain([this] { server_->drain_and_stop({milliseconds(0), seconds(10)}); });
  EXPECT_TRUE(idle.at_end());  // the idle connection is closed first
  fake_.answer_held();
  EXPECT_EQ(running.read_answer().status, 200);
  running.close();
  drain.join();
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(ServerTest, ADrainEndsAConnectionWhoseAnswerWasUnderWayWhenItBegan) {
  start();
  RawClient idle(server_->port());
  RawClient slow(server_->port());
  const std::string document(std::size_t{10} << 20, 'x');  // more than the sockets' buffers hold
  slow.send(post("/v1/rerank", R"({"query":"q","documents":[")" + document + R"("]})"));
  EXPECT_EQ(slow.read_head().header("Connection"), "");
  std::jthread drain([this] { server_->drain_and_stop({milliseconds(0), seconds(60)}); });
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(slow.read_to_end().ends_with('}'));
  EXPECT_TRUE(slow.at_end());
  slow.close();
}

TEST_F(ServerTest, ADrainCancelsWhatIsLeftAtItsTimeout) {
  start();
  fake_.hold_requests();
  RawClient running(server_->port());
  running.send(post("/rerank", kBody));
  ASSERT_TRUE(fake_.wait_for_held(clock_));
  server_->drain_and_stop({milliseconds(0), milliseconds(20)});
  EXPECT_TRUE(fake_.wait_for_cancel(clock_));
  EXPECT_EQ(running.read_answer().status, 0);
  fake_.answer_held();  // after the loops have ended
}

TEST_F(ServerTest, RequestsAreCountedByRouteAndStatus) {
  start();
  ask(post("/rerank", kBody));
  ask(get("/nowhere"));
  ask("garbage\r\n\r\n");
  server_->drain_and_stop({milliseconds(0), seconds(10)});
  EXPECT_EQ(metrics_.requests("/rerank", 200).Value(), 1);
  EXPECT_EQ(metrics_.requests("other", 404).Value(), 1);
  EXPECT_EQ(metrics_.requests("other", 400).Value(), 1);
}

TEST_F(ServerTest, ManyClientsOnSeveralLoopsAreAllAnswered) {
  start([](ServerOptions& options) { options.io_threads = 3; });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->send(post("/rerank", kBody));
  }
  for (const auto& client : clients) {
    EXPECT_EQ(client->read_answer().status, 200);
  }
}

TEST(OpenFiles, TheLimitIsRaisedToTheHardOne) {
  const long raised = raise_open_files_limit();
  EXPECT_EQ(raise_open_files_limit(), raised);
  EXPECT_GT(raised, 0);
}

}  // namespace
}  // namespace rr::http
