#include "http/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <vector>

namespace rr::http {

namespace asio = boost::asio;

void LoopInbox::post(std::function<void()> task) {
  MutexLock lock(mutex_);
  if (context_ != nullptr) {
    asio::post(*context_, std::move(task));
  }
}

void LoopInbox::close() {
  MutexLock lock(mutex_);
  context_ = nullptr;
}

Loop::Loop(Site& site, const ConnectionLimits& limits, ConnectionCount& count)
    : work_(asio::make_work_guard(context_)),
      sweep_timer_(context_),
      inbox_(std::make_shared<LoopInbox>(context_)),
      site_(site),
      limits_(limits),
      count_(count) {}

Loop::~Loop() {  // NOLINT(bugprone-exception-escape): see loop.h
  join();
}

void Loop::run_in_thread() {
  sweep();
  thread_ = std::jthread([this] { context_.run(); });
}

void Loop::join() {
  close_all();
  inbox_->post([this] {
    sweep_timer_.cancel();
    work_.reset();
  });
  if (thread_.joinable()) {
    thread_.join();
  }
  inbox_->close();
}

void Loop::adopt(asio::ip::tcp::socket socket) {
  auto shared = std::make_shared<asio::ip::tcp::socket>(std::move(socket));
  inbox_->post([this, shared] {
    if (!closing_) {
      std::make_shared<Connection>(std::move(*shared), *this, site_, limits_)->start();
    }
  });
}

void Loop::refuse(asio::ip::tcp::socket socket) {
  auto shared = std::make_shared<asio::ip::tcp::socket>(std::move(socket));
  inbox_->post([this, shared] {
    if (!closing_) {
      std::make_shared<Connection>(std::move(*shared), *this, site_, limits_)->refuse();
    }
  });
}

void Loop::close_idle() {
  inbox_->post([this] {
    closes_idle_ = true;
    for_each([](Connection& connection) { connection.close_if_idle(); });
  });
}

void Loop::close_all() {
  inbox_->post([this] {
    closing_ = true;
    for_each([](Connection& connection) { connection.close(); });
  });
}

void Loop::add(Connection& connection) {
  connections_.insert(&connection);
  count_.open.fetch_add(1);
}

void Loop::remove(Connection& connection) {
  connections_.erase(&connection);
  count_.open.fetch_sub(1);
  count_.on_close();
}

// Over a copy that keeps them alive: a visit may close a connection.
void Loop::for_each(const std::function<void(Connection&)>& visit) {
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (Connection* connection : connections_) {
    if (auto alive = connection->weak_from_this().lock()) {
      all.push_back(std::move(alive));
    }
  }
  for (const auto& connection : all) {
    visit(*connection);
  }
}

void Loop::sweep() {
  const Duration period = std::clamp<Duration>(
      limits_.idle_timeout / 8, std::chrono::milliseconds(5), std::chrono::seconds(1));
  sweep_timer_.expires_after(period);
  sweep_timer_.async_wait([this](boost::system::error_code error) {
    if (error || closing_) {
      return;
    }
    const TimePoint now = site_.clock().now();
    for_each([now](Connection& connection) { connection.close_if_expired(now); });
    sweep();
  });
}

std::string_view Loop::date() {
  const double unix_s = site_.clock().unix_seconds();
  if (const auto whole = static_cast<std::int64_t>(unix_s); whole != date_unix_s_) {
    date_unix_s_ = whole;
    date_ = http_date(unix_s);
  }
  return date_;
}

}  // namespace rr::http
