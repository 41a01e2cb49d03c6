#include "http/server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "http/loop.h"

namespace rr::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Files that are not connections: log, model, Redis, epoll, the listener.
constexpr int kOtherFiles = 64;

Status cannot_listen(const std::string& host, int port, const std::string& reason) {
  return {Code::kUnavailable, fmt::format("[http] cannot listen on {}:{}: {}", host, port, reason)};
}

Result<tcp::endpoint> resolve(asio::io_context& context, const std::string& host, int port) {
  if (port < 0 || port > 65535) {
    return cannot_listen(host, port, "a port is a number from 0 to 65535");
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) {
    return tcp::endpoint(address, static_cast<asio::ip::port_type>(port));
  }
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::to_string(port), error);
  if (error || found.empty()) {
    return cannot_listen(host, port, "this host name is unknown");
  }
  return found.begin()->endpoint();
}

}  // namespace

long raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      getrlimit(RLIMIT_NOFILE, &limit);
    }
  }
  return static_cast<long>(limit.rlim_cur);
}

class Server::Core {
 public:
  Core(ServerOptions options, Service service, metrics::Metrics& metrics, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        site_(options_.site, std::move(service), metrics, clock) {
    count_.on_close = [this] {
      MutexLock lock(mutex_);
      closed_.notify_all();
    };
    for (int i = 0; i < std::max(1, options_.io_threads); ++i) {
      loops_.push_back(std::make_unique<Loop>(site_, options_.limits, count_));
    }
    acceptor_.emplace(loops_[0]->context());
    retry_timer_.emplace(loops_[0]->context());
  }

  ~Core() { stop(); }

  Status start() {
    RR_ASSIGN_OR_RETURN(const tcp::endpoint endpoint,
                        resolve(loops_[0]->context(), options_.host, options_.port));
    boost::system::error_code error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) {
      acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
      acceptor_->bind(endpoint, error);
    }
    if (!error) {
      acceptor_->listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      acceptor_->close();
      return cannot_listen(options_.host, options_.port, error.message());
    }
    port_ = acceptor_->local_endpoint().port();
    limit_connections();
    accept();
    for (const auto& loop : loops_) {
      loop->run_in_thread();
    }
    return {};
  }

  int port() const { return port_; }
  int open_connections() const { return count_.open.load(); }
  void start_draining() { site_.start_draining(); }

  void drain_and_stop(const DrainOptions& drain) {
    start_draining();
    wait_for(drain.delay, [] { return false; });
    stop_accepting();
    for (const auto& loop : loops_) {
      loop->close_idle();
    }
    wait_for(drain.timeout, [this] { return count_.open.load() == 0; });
    stop();
  }

 private:
  // Until `done` holds, asked after each closed connection, or the time is over.
  template <typename Done>
  void wait_for(Duration time, Done done) {
    const Deadline deadline = Deadline::after(clock_, time);
    MutexLock lock(mutex_);
    while (!done() && !deadline.passed(clock_.now())) {
      closed_.wait_until(lock, deadline);
    }
  }

  void limit_connections() {
    const long files = raise_open_files_limit();
    const long most = std::max(1L, files - kOtherFiles);
    if (options_.max_connections > most) {
      log::warn("the open files limit allows fewer connections",
                {{"max_connections", most}, {"open_files", files}});
      options_.max_connections = static_cast<int>(most);
    }
  }

  void accept() {
    Loop& loop = *loops_[next_loop_++ % loops_.size()];
    acceptor_->async_accept(loop.context(),
                            [this, &loop](boost::system::error_code error, tcp::socket socket) {
                              if (!acceptor_->is_open()) {
                                return;
                              }
                              if (error) {
                                on_accept_error(error);
                                return;
                              }
                              if (count_.open.load() < options_.max_connections) {
                                loop.adopt(std::move(socket));
                              } else {
                                loop.refuse(std::move(socket));
                              }
                              accept();
                            });
  }

  // Most likely no file descriptors are left: a moment later some are.
  void on_accept_error(boost::system::error_code error) {
    log::warn("cannot accept a connection", {{"reason", error.message()}});
    retry_timer_->expires_after(std::chrono::milliseconds(50));
    retry_timer_->async_wait([this](boost::system::error_code cancelled) {
      if (!cancelled && acceptor_->is_open()) {
        accept();
      }
    });
  }

  void stop_accepting() {
    loops_[0]->inbox()->post([this] {
      boost::system::error_code ignored;
      acceptor_->close(ignored);
      retry_timer_->cancel();
    });
  }

  void stop() {
    stop_accepting();
    for (const auto& loop : loops_) {
      loop->close_all();
    }
    for (const auto& loop : loops_) {
      loop->join();
    }
  }

  ServerOptions options_;
  const Clock& clock_;
  Site site_;
  ConnectionCount count_;
  Mutex mutex_;
  CondVar closed_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> retry_timer_;
  std::size_t next_loop_ = 0;
  int port_ = 0;
};

Server::Server(ServerOptions options,
               Service service,
               metrics::Metrics& metrics,
               const Clock& clock)
    : core_(std::make_unique<Core>(std::move(options), std::move(service), metrics, clock)) {}

Server::~Server() = default;

Status Server::start() {
  return core_->start();
}
int Server::port() const {
  return core_->port();
}
void Server::start_draining() {
  core_->start_draining();
}
void Server::drain_and_stop(const DrainOptions& options) {
  core_->drain_and_stop(options);
}
int Server::open_connections() const {
  return core_->open_connections();
}

}  // namespace rr::http
