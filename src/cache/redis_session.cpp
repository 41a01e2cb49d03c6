#include "cache/redis_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "cache/redis_random.h"
#include "cache/resp_command.h"

namespace rr::cache {

namespace {

// A connection that stayed up this long starts its back-off anew.
constexpr Duration kStable = std::chrono::seconds(5);

SessionError error_kind_of(std::string_view text) {
  const bool denied = text.starts_with("WRONGPASS") || text.starts_with("NOAUTH") ||
                      text.starts_with("NOPERM") || text.starts_with("ERR invalid password") ||
                      text.starts_with("ERR AUTH");
  return denied ? SessionError::kAuth : SessionError::kReply;
}

}  // namespace

RedisSession::RedisSession(const SessionOptions& options, TimePoint now)
    : options_(options), next_attempt_(now), jitter_state_(options.seed) {}

bool RedisSession::take_connect(TimePoint now) {
  if (state_ != State::kWaiting || now < next_attempt_) {
    return false;
  }
  state_ = State::kConnecting;
  attempt_began_ = now;
  reader_ = std::make_unique<RespReader>(options_.resp);
  output_.clear();
  close_ = false;
  return true;
}

void RedisSession::on_connected(TimePoint now) {
  if (state_ != State::kConnecting) {
    return;
  }
  state_ = State::kGreeting;
  if (!options_.user.empty()) {
    command(Expected::kAuth, now, {"AUTH", options_.user, options_.password});
  } else if (!options_.password.empty()) {
    command(Expected::kAuth, now, {"AUTH", options_.password});
  }
  if (options_.database != 0) {
    command(Expected::kSelect, now, {"SELECT", std::to_string(options_.database)});
  }
  command(Expected::kName, now, {"CLIENT", "SETNAME", "rerankd"});
  command(Expected::kGreetingPing, now, {"PING"});
}

void RedisSession::expect(Expected kind, TimePoint now) {
  expected_.push_back({.kind = kind, .sent_at = now, .tail = {}});
  last_sent_ = now;
}

void RedisSession::command(Expected kind,
                           TimePoint now,
                           std::initializer_list<std::string_view> arguments) {
  append_command(output_, std::span(arguments.begin(), arguments.size()));
  expect(kind, now);
}

bool RedisSession::send(const ScriptCall& call, TimePoint now) {
  if (state_ != State::kReady || expected_.size() >= options_.outstanding_max ||
      outstanding_bytes_ >= options_.outstanding_bytes_max) {
    return false;
  }
  Outstanding& sent = expected_.emplace_back();
  sent.kind = Expected::kCall;
  sent.sent_at = now;
  sent.call_id = call.id;
  sent.script = call.script;
  sent.arguments = call.arguments.size();
  append_bulk(sent.tail, std::to_string(script_key_count(call.script)));
  for (const std::string& argument : call.arguments) {
    append_bulk(sent.tail, argument);
  }
  append_command_head(output_, 3 + call.arguments.size());
  append_bulk(output_, "EVALSHA");
  append_bulk(output_, script_sha1(call.script));
  output_.append(sent.tail);
  outstanding_bytes_ += sent.tail.size();
  last_sent_ = now;
  return true;
}

void RedisSession::probe(TimePoint now) {
  if (state_ == State::kReady) {
    command(Expected::kProbe, now, {"PING"});
  }
}

void RedisSession::on_bytes(std::string_view bytes, TimePoint now) {
  if (state_ != State::kGreeting && state_ != State::kReady) {
    return;
  }
  reader_->feed(bytes);
  while (state_ == State::kGreeting || state_ == State::kReady) {
    auto reply = reader_->next();
    if (!reply.ok()) {
      go_down(SessionError::kProtocol, reply.status().message(), now);
      return;
    }
    if (!reply.value().has_value()) {
      return;
    }
    on_reply(std::move(*reply.value()), now);
  }
}

void RedisSession::on_reply(RespValue reply, TimePoint now) {
  if (notifies() && on_pushed(reply)) {
    return;
  }
  if (expected_.empty()) {
    go_down(SessionError::kProtocol, "an answer that nobody asked for", now);
    return;
  }
  Outstanding expected = std::move(expected_.front());
  expected_.pop_front();
  outstanding_bytes_ -= expected.tail.size();
  switch (expected.kind) {
    case Expected::kAuth:
    case Expected::kSelect:
    case Expected::kName:
    case Expected::kGreetingPing:
      on_greeting_reply(expected, reply, now);
      break;
    case Expected::kProbe:
      events_.push_back({.kind = SessionEvent::Kind::kPong, .took = now - expected.sent_at});
      break;
    case Expected::kSubscribe:
      on_subscribe_reply(reply);
      break;
    case Expected::kCall:
    case Expected::kEvalCall:
      on_call_reply(std::move(expected), std::move(reply), now);
      break;
  }
}

// A message of our channel, which answers nothing.
bool RedisSession::on_pushed(const RespValue& reply) {
  if (reply.elements.size() != 3 || reply.elements[0].text != "message") {
    return false;
  }
  events_.push_back({.kind = SessionEvent::Kind::kMessage, .text = reply.elements[2].text});
  return true;
}

void RedisSession::on_greeting_reply(const Outstanding& expected,
                                     const RespValue& reply,
                                     TimePoint now) {
  if (expected.kind == Expected::kName) {
    return;  // a name in CLIENT LIST; a server may refuse it
  }
  if (reply.is_error()) {
    go_down(error_kind_of(reply.text), reply.text, now);
    return;
  }
  if (reply.type != RespValue::Type::kStatus) {
    go_down(SessionError::kProtocol, "the greeting was answered with no status", now);
    return;
  }
  if (expected.kind != Expected::kGreetingPing) {
    return;
  }
  state_ = State::kReady;
  ready_since_ = now;
  events_.push_back({.kind = SessionEvent::Kind::kReady, .took = now - expected.sent_at});
  subscribe_at_ = now;
  advance(now);
}

void RedisSession::on_call_reply(Outstanding expected, RespValue reply, TimePoint now) {
  if (expected.kind == Expected::kCall && reply.is_error() && reply.text.starts_with("NOSCRIPT")) {
    // A new or restarted server, or SCRIPT FLUSH: EVAL brings the text and keeps it there.
    expected.kind = Expected::kEvalCall;
    append_command_head(output_, 3 + expected.arguments);
    append_bulk(output_, "EVAL");
    append_bulk(output_, script_text(expected.script));
    output_.append(expected.tail);
    outstanding_bytes_ += expected.tail.size();
    last_sent_ = now;
    expected_.push_back(std::move(expected));
    return;
  }
  events_.push_back({.kind = SessionEvent::Kind::kReply,
                     .call_id = expected.call_id,
                     .reply = std::move(reply),
                     .took = now - expected.sent_at});
}

void RedisSession::on_subscribe_reply(const RespValue& reply) {
  subscribed_ =
      !reply.is_error() && !reply.elements.empty() && reply.elements[0].text == "subscribe";
  events_.push_back({.kind = subscribed_ ? SessionEvent::Kind::kSubscribed
                                         : SessionEvent::Kind::kSubscriptionRefused,
                     .text = reply.text});
}

void RedisSession::on_closed(std::string_view why, TimePoint now) {
  if (state_ != State::kWaiting) {
    go_down(SessionError::kConnect, why, now);
    close_ = false;
  }
}

void RedisSession::advance(TimePoint now) {
  const bool attempting = state_ == State::kConnecting || state_ == State::kGreeting;
  if (attempting && now - attempt_began_ >= options_.greeting_limit) {
    go_down(SessionError::kTimeout, "no connection in time", now);
    return;
  }
  if (state_ != State::kReady) {
    return;
  }
  if (!expected_.empty() && now - expected_.front().sent_at >= options_.answer_limit) {
    go_down(SessionError::kTimeout, "no answer in time", now);
    return;
  }
  if (notifies() && !subscribed_ && now >= subscribe_at_) {
    subscribe_at_ = now + options_.subscribe_again;
    command(Expected::kSubscribe, now, {"SUBSCRIBE", options_.channel});
  }
  if (expected_.empty() && now - last_sent_ >= options_.idle_probe) {
    probe(now);
  }
}

std::optional<TimePoint> RedisSession::next_wakeup() const {
  switch (state_) {
    case State::kWaiting:
      return next_attempt_;
    case State::kConnecting:
    case State::kGreeting:
      return attempt_began_ + options_.greeting_limit;
    case State::kReady:
      break;
  }
  TimePoint wakeup = expected_.empty() ? last_sent_ + options_.idle_probe
                                       : expected_.front().sent_at + options_.answer_limit;
  if (notifies() && !subscribed_) {
    wakeup = std::min(wakeup, subscribe_at_);
  }
  return wakeup;
}

void RedisSession::go_down(SessionError error, std::string_view why, TimePoint now) {
  if (state_ == State::kReady && now - ready_since_ >= kStable) {
    failed_attempts_ = 0;
  }
  state_ = State::kWaiting;
  next_attempt_ = now + next_backoff();
  subscribed_ = false;
  close_ = true;
  output_.clear();
  outstanding_bytes_ = 0;
  for (const Outstanding& lost : std::exchange(expected_, {})) {
    if (lost.kind == Expected::kCall || lost.kind == Expected::kEvalCall) {
      events_.push_back({.kind = SessionEvent::Kind::kFailed, .call_id = lost.call_id});
    }
  }
  events_.push_back({.kind = SessionEvent::Kind::kDown, .error = error, .text = std::string(why)});
}

Duration RedisSession::next_backoff() {
  constexpr int kDoublingsMax = 10;
  const int doublings = std::min(failed_attempts_++, kDoublingsMax);
  const Duration longest =
      std::min(options_.backoff_first * (1 << doublings), options_.backoff_max);
  return Duration(static_cast<Duration::rep>(static_cast<double>(longest.count()) *
                                             (0.5 + 0.5 * next_share(jitter_state_))));
}

}  // namespace rr::cache
