// One I/O loop: an io_context with its thread, the connections that live on it, and what they
// share (JSON reader, ids, the date). A sweep looks at the connections' time limits. post() is
// thread-safe and does nothing once the loop has ended; all else is for the loop's own thread.
// Tested by server_test.cpp.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "api/json_reader.h"
#include "base/mutex.h"
#include "http/connection.h"
#include "http/id_source.h"

namespace rr::http {

// The way from any thread into a loop that may be gone already.
class LoopInbox {
 public:
  explicit LoopInbox(boost::asio::io_context& context) : context_(&context) {}
  void post(std::function<void()> task) RR_EXCLUDES(mutex_);
  void close() RR_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  boost::asio::io_context* context_ RR_GUARDED_BY(mutex_);
};

// Connections of the whole server.
struct ConnectionCount {
  std::atomic<int> open{0};
  std::function<void()> on_close;  // after each; any loop's thread
};

class Loop {
 public:
  Loop(Site& site, const ConnectionLimits& limits, ConnectionCount& count);
  ~Loop();  // NOLINT(bugprone-exception-escape): only for want of memory, which ends the process
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run_in_thread();
  // Ends the thread once every connection is closed; close_all() first.
  void join();

  boost::asio::io_context& context() { return context_; }
  const std::shared_ptr<LoopInbox>& inbox() const { return inbox_; }

  // Thread-safe.
  void adopt(boost::asio::ip::tcp::socket socket);
  void refuse(boost::asio::ip::tcp::socket socket);
  // Ends connections without a request, now and whenever an answer leaves one so.
  void close_idle();
  void close_all();

  // For connections.
  void add(Connection& connection);
  void remove(Connection& connection);
  api::JsonReader& json_reader() { return json_reader_; }
  IdSource& ids() { return ids_; }
  std::string_view date();
  bool closes_idle() const { return closes_idle_; }

 private:
  void sweep();
  void for_each(const std::function<void(Connection&)>& visit);

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  std::shared_ptr<LoopInbox> inbox_;
  Site& site_;
  const ConnectionLimits& limits_;
  ConnectionCount& count_;
  std::unordered_set<Connection*> connections_;
  api::JsonReader json_reader_;
  IdSource ids_;
  std::int64_t date_unix_s_ = -1;
  std::string date_;
  bool closes_idle_ = false;
  bool closing_ = false;
  std::jthread thread_;
};

}  // namespace rr::http
