// One connection to Redis as a state machine without a socket: greeting (AUTH, SELECT, PING),
// pipelined script calls (EVALSHA, on NOSCRIPT EVAL), or the subscription to this server's channel;
// time limits, keep-alive and when to connect again (back-off with jitter, never above 1 s). The
// shell moves bytes: it asks take_connect(), reports on_connected / on_bytes / on_closed, writes
// take_output() and closes when take_close() says so.
// A server that answers out of order, too late or no RESP2 costs the connection: every call on it
// fails, once. Not thread-safe. Tested by redis_session_test.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cache/redis_codec.h"
#include "cache/resp_reader.h"

namespace rr::cache {

struct SessionOptions {
  std::string user = {};
  std::string password = {};
  int database = 0;
  std::string channel = {};                           // not empty: a connection for notifications
  Duration greeting_limit = std::chrono::seconds(1);  // from connecting until ready
  Duration answer_limit = std::chrono::seconds(1);    // of the oldest call
  Duration idle_probe = std::chrono::seconds(1);
  Duration subscribe_again = std::chrono::seconds(10);
  Duration backoff_first = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(1);
  std::size_t outstanding_max = 4096;  // calls
  std::size_t outstanding_bytes_max = std::size_t{16} << 20;
  RespLimits resp = {};
  std::uint64_t seed = 0;  // of the jitter
};

// Why a connection ended; the labels of reranker_redis_errors_total.
enum class SessionError { kConnect, kTimeout, kProtocol, kReply, kAuth };

struct SessionEvent {
  enum class Kind {
    kReady,   // greeting done; `took` = its PING
    kDown,    // `error`, `text` = why
    kReply,   // `call_id`, `reply`, `took`
    kFailed,  // `call_id`: no answer will come
    kPong,    // `took`
    kSubscribed,
    kSubscriptionRefused,  // `text`
    kMessage,              // `text` = payload
  };
  Kind kind = Kind::kReady;
  std::uint64_t call_id = 0;
  RespValue reply = {};
  Duration took{};
  SessionError error = SessionError::kConnect;
  std::string text = {};
};

class RedisSession {
 public:
  RedisSession(const SessionOptions& options, TimePoint now);

  // True once for every attempt: the shell connects now.
  bool take_connect(TimePoint now);
  void on_connected(TimePoint now);
  void on_bytes(std::string_view bytes, TimePoint now);
  void on_closed(std::string_view why, TimePoint now);
  void advance(TimePoint now);

  // False when it cannot be sent: not ready, or too much is outstanding.
  bool send(const ScriptCall& call, TimePoint now);
  void probe(TimePoint now);

  std::string take_output() { return std::exchange(output_, {}); }
  bool take_close() { return std::exchange(close_, false); }
  std::vector<SessionEvent> take_events() { return std::exchange(events_, {}); }
  std::optional<TimePoint> next_wakeup() const;
  bool is_ready() const { return state_ == State::kReady; }
  std::size_t outstanding() const { return expected_.size(); }

 private:
  enum class State { kWaiting, kConnecting, kGreeting, kReady };
  enum class Expected {
    kAuth,
    kSelect,
    kName,
    kGreetingPing,
    kProbe,
    kSubscribe,
    kCall,
    kEvalCall
  };
  struct Outstanding {
    Expected kind = Expected::kProbe;
    TimePoint sent_at = {};
    std::uint64_t call_id = 0;
    Script script = Script::kLookup;
    std::size_t arguments = 0;
    std::string tail = {};  // the call's arguments as sent, to send them again with EVAL
  };

  bool notifies() const { return !options_.channel.empty(); }
  void expect(Expected kind, TimePoint now);
  void command(Expected kind, TimePoint now, std::initializer_list<std::string_view> arguments);
  void on_reply(RespValue reply, TimePoint now);
  bool on_pushed(const RespValue& reply);
  void on_greeting_reply(const Outstanding& expected, const RespValue& reply, TimePoint now);
  void on_call_reply(Outstanding expected, RespValue reply, TimePoint now);
  void on_subscribe_reply(const RespValue& reply);
  void go_down(SessionError error, std::string_view why, TimePoint now);
  Duration next_backoff();

  SessionOptions options_;
  State state_ = State::kWaiting;
  TimePoint next_attempt_;
  TimePoint attempt_began_;
  TimePoint ready_since_;
  TimePoint last_sent_;
  TimePoint subscribe_at_;
  bool subscribed_ = false;
  int failed_attempts_ = 0;
  std::uint64_t jitter_state_;
  std::unique_ptr<RespReader> reader_;
  std::deque<Outstanding> expected_;
  std::size_t outstanding_bytes_ = 0;
  std::string output_;
  bool close_ = false;
  std::vector<SessionEvent> events_;
};

}  // namespace rr::cache
