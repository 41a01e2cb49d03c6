// Everything of the distributed cache that lives on the Redis thread: protocol, sessions, sockets,
// breaker, timers. Only RedisScoreCache uses it; all functions run on the I/O context's thread but
// stats(), which any thread may call. Tested by redis_live_redis_test.cpp.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "cache/redis_breaker.h"
#include "cache/redis_session.h"
#include "cache/redis_sharing.h"
#include "cache/redis_socket.h"
#include "metrics/metrics.h"

namespace rr::cache {

class RedisLoop {
 public:
  RedisLoop(boost::asio::io_context& io,
            const RedisOptions& options,
            std::shared_ptr<boost::asio::ssl::context> tls,
            metrics::Metrics& metrics,
            const Clock& clock);

  // Runs `step` on the protocol, then everything that follows from it.
  void run(const std::function<void(SharingProtocol&, TimePoint)>& step);
  void shut_down();
  RemoteStats stats() const;

 private:
  struct Connection {
    explicit Connection(const SessionOptions& options, TimePoint now) : session(options, now) {}
    RedisSession session;
    std::shared_ptr<RedisSocket> socket;
  };

  SessionOptions session_options(int index) const;
  // Time limits are looked at only when the timer fires, which Asio lets happen after all bytes
  // that have arrived were handed in: a thread that stood still takes no late look for a late
  // answer.
  enum class Cause { kEvent, kTimer };
  void pump(Cause cause);
  bool pump_once(Cause cause, TimePoint now);
  void drive(Connection& connection, Cause cause, TimePoint now);
  void count_timeouts(TimePoint now);
  void open(Connection& connection);
  void handle(Connection& connection, const SessionEvent& event, TimePoint now);
  void on_down(Connection& connection, const SessionEvent& event, TimePoint now);
  void dispatch(const ScriptCall& call, TimePoint now);
  void probe_if_open(TimePoint now);
  void count_if_due(TimePoint now);
  void update_availability(TimePoint now);
  void report();
  void set_timer();
  void stop_if_done(TimePoint now);
  bool is_commands(const Connection& connection) const {
    return &connection != connections_.back().get();
  }

  boost::asio::io_context& io_;
  RedisOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  metrics::Metrics& metrics_;
  const Clock& clock_;
  SharingIdentity identity_;
  SharingProtocol protocol_;
  RedisBreaker breaker_;
  std::vector<std::unique_ptr<Connection>> connections_;  // the last hears notifications
  boost::asio::steady_timer timer_;
  TimePoint armed_for_ = TimePoint::max();
  Availability availability_ = Availability::kUnavailable;
  bool pumping_ = false;
  bool told_down_ = false;
  TimePoint next_count_;
  TimePoint stop_by_ = TimePoint::max();
  SharingCounts reported_;

  std::atomic<bool> connected_ = false;
  std::atomic<std::uint64_t> entries_ = 0;
  std::atomic<std::uint64_t> hits_ = 0;
  std::atomic<std::uint64_t> misses_ = 0;
};

}  // namespace rr::cache
