#include "cache/redis_session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rr::cache {
namespace {

using std::chrono::milliseconds;
using Kind = SessionEvent::Kind;

class Session : public testing::Test {
 protected:
  void make(SessionOptions options) {
    options.seed = 7;
    session = std::make_unique<RedisSession>(options, clock.now());
    ASSERT_TRUE(session->take_connect(clock.now()));
    session->on_connected(clock.now());
  }

  void make_ready(const SessionOptions& options) {
    make(options);
    session->take_output();
    receive("+OK\r\n+PONG\r\n");
    ASSERT_TRUE(session->is_ready());
    session->take_events();
  }

  void receive(std::string_view bytes) { session->on_bytes(bytes, clock.now()); }

  std::vector<Kind> kinds() {
    std::vector<Kind> all;
    for (const SessionEvent& event : session->take_events()) {
      all.push_back(event.kind);
      last = event;
    }
    return all;
  }

  static ScriptCall call(std::uint64_t id) {
    return {.id = id, .script = Script::kLookup, .route = 0, .arguments = {"k", "k:l", "owner"}};
  }

  FakeClock clock;
  std::unique_ptr<RedisSession> session;
  SessionEvent last;
};

TEST_F(Session, GreetsWithUserPasswordAndDatabaseBeforeItIsReady) {
  make({.user = "app", .password = "pw", .database = 3});
  EXPECT_EQ(session->take_output(),
            "*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$2\r\npw\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
            "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$7\r\nrerankd\r\n*1\r\n$4\r\nPING\r\n");
  receive("+OK\r\n+OK\r\n-ERR no such subcommand\r\n");
  EXPECT_FALSE(session->is_ready());
  receive("+PONG\r\n");
  EXPECT_TRUE(session->is_ready());
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kReady));
}

TEST_F(Session, AWrongPasswordIsAnAuthErrorAndIsTriedAgainLater) {
  make({.password = "pw"});
  receive("-WRONGPASS invalid username-password pair\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kDown));
  EXPECT_EQ(last.error, SessionError::kAuth);
  EXPECT_TRUE(session->take_close());
  EXPECT_FALSE(session->take_connect(clock.now()));
  clock.advance(milliseconds(50));
  EXPECT_TRUE(session->take_connect(clock.now()));
}

TEST_F(Session, AServerThatIsLoadingIsNotReady) {
  make({});
  receive("+OK\r\n-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kDown));
  EXPECT_EQ(last.error, SessionError::kReply);
}

TEST_F(Session, BackOffGrowsToOneSecondAndNeverAbove) {
  session = std::make_unique<RedisSession>(SessionOptions{}, clock.now());
  Duration longest{};
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(session->take_connect(clock.now()));
    session->on_closed("connection refused", clock.now());
    const Duration wait = *session->next_wakeup() - clock.now();
    EXPECT_LE(wait, std::chrono::seconds(1));
    longest = std::max(longest, wait);
    clock.advance(wait);
  }
  EXPECT_GE(longest, milliseconds(900));
}

TEST_F(Session, CallsArePipelinedAndAnsweredInOrder) {
  make_ready({});
  ASSERT_TRUE(session->send(call(11), clock.now()));
  ASSERT_TRUE(session->send(call(12), clock.now()));
  const std::string output = session->take_output();
  EXPECT_TRUE(output.starts_with("*6\r\n$7\r\nEVALSHA\r\n$40\r\n"));
  EXPECT_NE(output.find("$1\r\n2\r\n$1\r\nk\r\n$3\r\nk:l\r\n"), std::string::npos);
  clock.advance(milliseconds(3));
  receive(":1\r\n:2\r\n");
  const auto events = session->take_events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].call_id, 11U);
  EXPECT_EQ(events[0].reply.integer, 1);
  EXPECT_EQ(events[0].took, milliseconds(3));
  EXPECT_EQ(events[1].call_id, 12U);
}

TEST_F(Session, AScriptThatTheServerDoesNotKnowIsSentAsText) {
  make_ready({});
  session->send(call(11), clock.now());
  session->take_output();
  receive("-NOSCRIPT No matching script. Please use EVAL.\r\n");
  EXPECT_TRUE(session->take_events().empty());
  const std::string output = session->take_output();
  EXPECT_TRUE(output.starts_with("*6\r\n$4\r\nEVAL\r\n"));
  EXPECT_NE(output.find("redis.call('TIME')"), std::string::npos);
  receive("*2\r\n$1\r\nC\r\n$-1\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kReply));
  EXPECT_EQ(last.call_id, 11U);
}

TEST_F(Session, NoscriptToTheTextItselfIsAnAnswerAndNoLoop) {
  make_ready({});
  session->send(call(11), clock.now());
  receive("-NOSCRIPT\r\n");
  receive("-NOSCRIPT\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kReply));
}

TEST_F(Session, AnAnswerThatDoesNotComeCostsTheConnectionAndFailsEveryCallOnce) {
  make_ready({});
  session->send(call(11), clock.now());
  session->send(call(12), clock.now());
  EXPECT_EQ(session->next_wakeup(), clock.now() + std::chrono::seconds(1));
  clock.advance(std::chrono::seconds(1));
  session->advance(clock.now());
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kFailed, Kind::kFailed, Kind::kDown));
  EXPECT_EQ(last.error, SessionError::kTimeout);
  EXPECT_FALSE(session->send(call(13), clock.now()));
  session->on_closed("closed", clock.now());
  EXPECT_TRUE(session->take_events().empty());
}

TEST_F(Session, BytesThatAreNoRespCostTheConnection) {
  make_ready({});
  session->send(call(11), clock.now());
  receive("HTTP/1.1 200 OK\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kFailed, Kind::kDown));
  EXPECT_EQ(last.error, SessionError::kProtocol);
  EXPECT_TRUE(session->take_close());
}

TEST_F(Session, AnAnswerThatNobodyAskedForCostsTheConnection) {
  make_ready({});
  receive("+OK\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kDown));
}

TEST_F(Session, WhatIsOutstandingIsLimited) {
  make_ready({.outstanding_max = 2});
  EXPECT_TRUE(session->send(call(1), clock.now()));
  EXPECT_TRUE(session->send(call(2), clock.now()));
  EXPECT_FALSE(session->send(call(3), clock.now()));
  receive(":1\r\n");
  EXPECT_TRUE(session->send(call(3), clock.now()));
}

TEST_F(Session, AnIdleConnectionIsProbed) {
  make_ready({});
  EXPECT_EQ(session->next_wakeup(), clock.now() + std::chrono::seconds(1));
  clock.advance(std::chrono::seconds(1));
  session->advance(clock.now());
  EXPECT_EQ(session->take_output(), "*1\r\n$4\r\nPING\r\n");
  receive("+PONG\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kPong));
}

TEST_F(Session, ANotificationConnectionSubscribesAndHandsOnMessages) {
  make({.channel = "c"});
  receive("+OK\r\n+PONG\r\n");
  EXPECT_TRUE(session->take_output().ends_with("$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n"));
  receive(
      "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kReady, Kind::kSubscribed, Kind::kMessage));
  EXPECT_EQ(last.text, "hi");
  clock.advance(std::chrono::seconds(1));
  session->advance(clock.now());
  receive("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kPong));
}

TEST_F(Session, ARefusedSubscriptionIsToldAndTriedAgainOnTheSameConnection) {
  make({.channel = "c"});
  receive("+OK\r\n+PONG\r\n-NOPERM this user has no permissions to access the channel\r\n");
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kReady, Kind::kSubscriptionRefused));
  session->take_output();
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::seconds(1));
    session->advance(clock.now());
    receive(i < 9 ? "+PONG\r\n" : "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  }
  EXPECT_NE(session->take_output().find("SUBSCRIBE"), std::string::npos);
  EXPECT_THAT(kinds(), testing::Contains(Kind::kSubscribed));
}

TEST_F(Session, AGreetingThatNeverEndsIsGivenUp) {
  make({});
  clock.advance(std::chrono::seconds(1));
  session->advance(clock.now());
  EXPECT_THAT(kinds(), testing::ElementsAre(Kind::kDown));
  EXPECT_EQ(last.error, SessionError::kTimeout);
}

}  // namespace
}  // namespace rr::cache
