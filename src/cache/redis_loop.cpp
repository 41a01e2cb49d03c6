#include "cache/redis_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/log.h"

namespace rr::cache {

namespace {

constexpr Duration kCountInterval = std::chrono::seconds(1);
constexpr Duration kGoodbye = std::chrono::milliseconds(250);

// 64 bits that no other process has.
std::uint64_t entropy() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

SharingIdentity make_identity(const RedisOptions& options) {
  return {.key_prefix = options.key_prefix,
          .fingerprint = options.fingerprint,
          .owner = fmt::format("{:016x}", entropy()),
          .lease = options.lease};
}

metrics::RedisError metric_of(SessionError error) {
  switch (error) {
    case SessionError::kConnect:
      return metrics::RedisError::kConnect;
    case SessionError::kTimeout:
      return metrics::RedisError::kTimeout;
    case SessionError::kProtocol:
      return metrics::RedisError::kProtocol;
    case SessionError::kReply:
      return metrics::RedisError::kReply;
    case SessionError::kAuth:
      return metrics::RedisError::kAuth;
  }
  return metrics::RedisError::kConnect;
}

void count(prometheus::Counter& counter, std::uint64_t now, std::uint64_t before) {
  if (now != before) {
    counter.Increment(static_cast<double>(now - before));
  }
}

}  // namespace

RedisLoop::RedisLoop(boost::asio::io_context& io,
                     const RedisOptions& options,
                     std::shared_ptr<boost::asio::ssl::context> tls,
                     metrics::Metrics& metrics,
                     const Clock& clock)
    : io_(io),
      options_(options),
      tls_(std::move(tls)),
      metrics_(metrics),
      clock_(clock),
      identity_(make_identity(options)),
      protocol_({.identity = identity_,
                 .budget = options.timeout,
                 .ttl = options.ttl,
                 .seed = entropy()}),
      breaker_({.answer_limit = options.timeout}),
      timer_(io),
      next_count_(clock.now()) {
  for (int i = 0; i <= options_.pool_size; ++i) {
    connections_.push_back(std::make_unique<Connection>(session_options(i), clock.now()));
  }
}

SessionOptions RedisLoop::session_options(int index) const {
  SessionOptions session;
  session.user = options_.endpoint.user;
  session.password = options_.endpoint.password;
  session.database = options_.endpoint.database;
  session.channel = index == options_.pool_size ? channel_name(identity_) : std::string();
  session.answer_limit = std::max<Duration>(std::chrono::seconds(1), 2 * options_.timeout);
  session.seed = entropy();
  return session;
}

void RedisLoop::run(const std::function<void(SharingProtocol&, TimePoint)>& step) {
  step(protocol_, clock_.now());
  pump(Cause::kEvent);
}

void RedisLoop::shut_down() {
  const TimePoint now = clock_.now();
  stop_by_ = now + kGoodbye;
  protocol_.shut_down(now);
  pump(Cause::kEvent);
}

// Moves everything on until nothing more follows at this moment.
void RedisLoop::pump(Cause cause) {
  if (pumping_) {
    return;  // called from a handler inside
  }
  pumping_ = true;
  const TimePoint now = clock_.now();
  while (pump_once(cause, now)) {
  }
  pumping_ = false;
  report();
  set_timer();
  stop_if_done(now);
}

bool RedisLoop::pump_once(Cause cause, TimePoint now) {
  for (auto& connection : connections_) {
    drive(*connection, cause, now);
  }
  probe_if_open(now);
  count_if_due(now);
  update_availability(now);
  if (cause == Cause::kTimer) {
    protocol_.advance(now);
    count_timeouts(now);
  }
  const auto calls = protocol_.take_calls();
  for (const ScriptCall& call : calls) {
    dispatch(call, now);
  }
  auto deliveries = protocol_.take_deliveries();
  report();  // first: whoever gets an answer finds it counted
  for (const auto& delivery : deliveries) {
    delivery.callback(delivery.answers, delivery.waiting);
  }
  return !calls.empty() || !deliveries.empty();
}

void RedisLoop::count_timeouts(TimePoint now) {
  const std::uint64_t timeouts = protocol_.counts().timeouts;
  if (timeouts == reported_.timeouts) {
    return;
  }
  for (std::uint64_t i = reported_.timeouts; i < timeouts; ++i) {
    breaker_.on_failure(now);
  }
  count(metrics_.redis_errors(metrics::RedisError::kTimeout), timeouts, reported_.timeouts);
  reported_.timeouts = timeouts;
  update_availability(now);
}

void RedisLoop::drive(Connection& connection, Cause cause, TimePoint now) {
  RedisSession& session = connection.session;
  if (cause == Cause::kTimer) {
    session.advance(now);
  }
  if (session.take_close() && connection.socket) {
    connection.socket->close();
    connection.socket.reset();
  }
  for (const SessionEvent& event : session.take_events()) {
    handle(connection, event, now);
  }
  const bool stopping = stop_by_ != TimePoint::max();
  if (!stopping && session.take_connect(now)) {
    open(connection);
  }
  if (connection.socket) {
    connection.socket->write(session.take_output());
  }
}

void RedisLoop::open(Connection& connection) {
  const std::string& name =
      options_.tls.server_name.empty() ? options_.endpoint.host : options_.tls.server_name;
  RedisSession& session = connection.session;
  connection.socket = std::make_shared<RedisSocket>(
      io_,
      tls_,
      name,
      RedisSocketHandlers{.connected =
                              [this, &session] {
                                session.on_connected(clock_.now());
                                pump(Cause::kEvent);
                              },
                          .received =
                              [this, &session](std::string_view bytes) {
                                session.on_bytes(bytes, clock_.now());
                                pump(Cause::kEvent);
                              },
                          .closed =
                              [this, &session](std::string_view why) {
                                session.on_closed(why, clock_.now());
                                pump(Cause::kEvent);
                              }});
  connection.socket->connect(options_.endpoint);
}

void RedisLoop::handle(Connection& connection, const SessionEvent& event, TimePoint now) {
  switch (event.kind) {
    case SessionEvent::Kind::kReady:
    case SessionEvent::Kind::kPong:
      if (is_commands(connection)) {
        breaker_.on_probe_answer(event.took);
      }
      break;
    case SessionEvent::Kind::kDown:
      on_down(connection, event, now);
      break;
    case SessionEvent::Kind::kReply:
      metrics_.redis_duration.Observe(to_seconds(event.took));
      if (event.took <= options_.timeout) {
        breaker_.on_success();
      }
      protocol_.on_reply(event.call_id, event.reply, now);
      break;
    case SessionEvent::Kind::kFailed:
      protocol_.on_failed(event.call_id, now);
      break;
    case SessionEvent::Kind::kSubscribed:
      protocol_.set_hears(Hears::kYes, now);
      break;
    case SessionEvent::Kind::kSubscriptionRefused:
      metrics_.redis_errors(metrics::RedisError::kReply).Increment();
      log::warn("redis refuses the notification channel; waiting servers will ask instead",
                {{"channel", channel_name(identity_)}, {"reason", event.text}});
      break;
    case SessionEvent::Kind::kMessage:
      protocol_.on_notification(event.text, now);
      break;
  }
}

void RedisLoop::on_down(Connection& connection, const SessionEvent& event, TimePoint now) {
  metrics_.redis_errors(metric_of(event.error)).Increment();
  if (is_commands(connection)) {
    breaker_.on_failure(now);
  } else {
    protocol_.set_hears(Hears::kNo, now);
  }
  if (!std::exchange(told_down_, true)) {
    log::warn("redis connection failed; scores are computed here meanwhile",
              {{"url", options_.endpoint.shown()}, {"reason", event.text}});
  }
}

void RedisLoop::dispatch(const ScriptCall& call, TimePoint now) {
  const auto pool = static_cast<std::uint64_t>(options_.pool_size);
  for (std::uint64_t i = 0; i < pool; ++i) {
    Connection& connection = *connections_[(call.route + i) % pool];
    if (connection.session.is_ready()) {
      if (connection.session.send(call, now)) {
        return;
      }
      break;  // full: another connection would only hide that
    }
  }
  metrics_.redis_errors(metrics::RedisError::kConnect).Increment();
  protocol_.on_failed(call.id, now);
}

void RedisLoop::probe_if_open(TimePoint now) {
  if (!breaker_.take_probe(now)) {
    return;
  }
  for (std::size_t i = 0; i + 1 < connections_.size(); ++i) {
    connections_[i]->session.probe(now);
  }
}

void RedisLoop::count_if_due(TimePoint now) {
  if (now >= next_count_) {
    next_count_ = now + kCountInterval;
    protocol_.count_entries();
  }
}

void RedisLoop::update_availability(TimePoint now) {
  const bool ready = std::any_of(connections_.begin(), connections_.end() - 1, [](const auto& c) {
    return c->session.is_ready();
  });
  const bool available = ready && !breaker_.is_open();
  connected_ = available;
  metrics_.redis_up.Set(available ? 1 : 0);
  metrics_.redis_breaker_open.Set(breaker_.is_open() ? 1 : 0);
  const Availability availability =
      available ? Availability::kAvailable : Availability::kUnavailable;
  if (availability == availability_) {
    return;
  }
  availability_ = availability;
  protocol_.set_available(availability, now);
  if (available) {
    told_down_ = false;
    log::info("redis is connected", {{"url", options_.endpoint.shown()}});
    next_count_ = now;
  } else {
    log::warn("redis is not available; scores are computed here meanwhile",
              {{"url", options_.endpoint.shown()}, {"breaker_open", breaker_.is_open()}});
  }
}

void RedisLoop::report() {
  const SharingCounts& now = protocol_.counts();
  count(metrics_.redis_leases(metrics::LeaseEvent::kClaimed), now.claimed, reported_.claimed);
  count(metrics_.redis_leases(metrics::LeaseEvent::kWaited), now.waited, reported_.waited);
  count(
      metrics_.redis_leases(metrics::LeaseEvent::kTakenOver), now.taken_over, reported_.taken_over);
  count(metrics_.redis_leases(metrics::LeaseEvent::kLost), now.lost, reported_.lost);
  count(metrics_.redis_errors(metrics::RedisError::kReply),
        now.error_replies,
        reported_.error_replies);
  count(metrics_.redis_errors(metrics::RedisError::kProtocol),
        now.corrupt_replies,
        reported_.corrupt_replies);
  reported_ = now;
  entries_ = availability_ == Availability::kAvailable ? protocol_.cached_entries() : 0;
  hits_ = now.hits;
  misses_ = now.misses;
}

void RedisLoop::set_timer() {
  TimePoint wakeup = std::min(next_count_, stop_by_);
  if (const auto protocol = protocol_.next_wakeup()) {
    wakeup = std::min(wakeup, *protocol);
  }
  for (const auto& connection : connections_) {
    if (const auto session = connection->session.next_wakeup()) {
      wakeup = std::min(wakeup, *session);
    }
  }
  if (breaker_.is_open()) {
    wakeup = std::min(wakeup, breaker_.next_probe());
  }
  if (wakeup >= armed_for_) {
    return;  // it fires earlier, and looks again then
  }
  armed_for_ = wakeup;
  timer_.expires_at(wakeup);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      armed_for_ = TimePoint::max();
      pump(Cause::kTimer);
    }
  });
}

void RedisLoop::stop_if_done(TimePoint now) {
  if (stop_by_ == TimePoint::max()) {
    return;
  }
  const bool quiet = std::all_of(connections_.begin(), connections_.end(), [](const auto& c) {
    return c->session.outstanding() == 0;
  });
  if (quiet || now >= stop_by_) {
    io_.stop();
  }
}

RemoteStats RedisLoop::stats() const {
  return {.enabled = true,
          .connected = connected_,
          .cached_entries = entries_,
          .keyspace_hits = hits_,
          .keyspace_misses = misses_};
}

}  // namespace rr::cache
