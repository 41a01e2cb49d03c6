#include "cache/redis_test_proxy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <list>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"

namespace rr::cache {

namespace {

constexpr Duration kDelay = std::chrono::milliseconds(200);

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct Piece {
  TimePoint at;
  std::string bytes;
};

// One direction's bytes on their way.
struct Pipe {
  int from = -1;
  int to = -1;
  std::deque<Piece> pieces;
};

struct Link {
  Pipe up;    // our server to Redis
  Pipe down;  // and back
  bool broken = false;
};

std::string with_losses(const std::string& bytes, std::mt19937_64& random) {
  std::string kept;
  for (const char byte : bytes) {
    if (random() % 10 != 0) {
      kept.push_back(byte);
    }
  }
  return kept;
}

// What the hostile modes answer instead of Redis.
std::string hostile_answer(RedisTestProxy::Mode mode) {
  return mode == RedisTestProxy::Mode::kNotResp
             ? "HTTP/1.1 200 OK\r\n\r\n<html>"
             : "$1073741824\r\n" + std::string(std::size_t{1} << 20, 'x');
}

class Network {
 public:
  Network(int redis_port, const Clock& clock) : redis_port_(redis_port), clock_(clock) {}
  ~Network() { drop_all(); }

  void accept_from(int listener) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) {
      return;
    }
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(redis_port_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(client);
      close(server);
      return;
    }
    fcntl(server, F_SETFL, O_NONBLOCK);
    links_.push_back({{client, server, {}}, {server, client, {}}, false});
  }

  void drop_all() {
    for (Link& link : links_) {
      close(link.up.from);
      close(link.down.from);
    }
    links_.clear();
  }

  void move(RedisTestProxy::Mode mode) {
    for (Link& link : links_) {
      move_pipe(link, link.up, mode);
      move_pipe(link, link.down, mode);
    }
    links_.remove_if([](const Link& link) {
      if (link.broken) {
        close(link.up.from);
        close(link.down.from);
      }
      return link.broken;
    });
  }

  std::vector<pollfd> interests(int listener) const {
    std::vector<pollfd> all = {{listener, POLLIN, 0}};
    for (const Link& link : links_) {
      all.push_back({link.up.from, POLLIN, 0});
      all.push_back({link.down.from, POLLIN, 0});
    }
    return all;
  }

 private:
  void move_pipe(Link& link, Pipe& pipe, RedisTestProxy::Mode mode) {
    std::array<char, 65536> buffer{};
    const ssize_t size = recv(pipe.from, buffer.data(), buffer.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
      link.broken = true;
      return;
    }
    if (size > 0) {
      take(link, pipe, std::string(buffer.data(), static_cast<std::size_t>(size)), mode);
    }
    while (!pipe.pieces.empty() && pipe.pieces.front().at <= clock_.now()) {
      std::string& bytes = pipe.pieces.front().bytes;
      const ssize_t sent = send(pipe.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        link.broken = true;
        return;
      }
      if (sent < 0 || static_cast<std::size_t>(sent) < bytes.size()) {
        bytes.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
        return;
      }
      pipe.pieces.pop_front();
    }
  }

  void take(Link& link, Pipe& pipe, std::string bytes, RedisTestProxy::Mode mode) {
    using Mode = RedisTestProxy::Mode;
    const bool is_up = &pipe == &link.up;
    switch (mode) {
      case Mode::kForward:
        pipe.pieces.push_back({clock_.now(), std::move(bytes)});
        break;
      case Mode::kSlow:
        pipe.pieces.push_back({clock_.now() + kDelay, std::move(bytes)});
        break;
      case Mode::kLossy:
        pipe.pieces.push_back({clock_.now(), is_up ? bytes : with_losses(bytes, random_)});
        break;
      case Mode::kSilent:
        break;
      case Mode::kNotResp:
      case Mode::kGigantic:
        if (is_up) {
          link.down.pieces.push_back({clock_.now(), hostile_answer(mode)});
        }
        break;
    }
  }

  int redis_port_;
  const Clock& clock_;
  std::list<Link> links_;
  std::mt19937_64 random_{11};
};

}  // namespace

RedisTestProxy::RedisTestProxy(int redis_port)
    : redis_port_(redis_port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  RR_CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  RR_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  RR_CHECK(listen(listener_, 64) == 0);
  fcntl(listener_, F_SETFL, O_NONBLOCK);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

RedisTestProxy::~RedisTestProxy() {
  thread_.request_stop();
  thread_.join();
  close(listener_);
}

void RedisTestProxy::run(const std::stop_token& stop) {
  Network network(redis_port_, clock_);
  while (!stop.stop_requested()) {
    auto interests = network.interests(listener_);
    poll(interests.data(), interests.size(), 5);
    if (drop_.exchange(false)) {
      network.drop_all();
    }
    network.accept_from(listener_);
    network.move(mode_);
  }
}

}  // namespace rr::cache
