#include "cache/redis_test_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>

#include "base/check.h"
#include "cache/resp_command.h"
#include "cache/resp_reader.h"

namespace rr::cache {

namespace {

constexpr const char* kProgram = "/usr/bin/redis-server";

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A connected socket, or -1.
int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

// Sends all and reads `count` replies; the last of them, nil when the connection breaks.
RespValue exchange(int fd, std::string_view bytes, int count) {
  RespReader reader{RespLimits{.bulk_bytes = std::size_t{16} << 20,
                               .reply_bytes = std::size_t{64} << 20,
                               .elements = 1000000,
                               .depth = 8}};
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return {};
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::array<char, 65536> received{};
  RespValue last;
  while (count > 0) {
    auto reply = reader.next();
    RR_CHECK(reply.ok());
    if (reply.value().has_value()) {
      last = std::move(*reply.value());
      --count;
      continue;
    }
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, 10000) <= 0) {
      return {};
    }
    const ssize_t size = recv(fd, received.data(), received.size(), 0);
    if (size <= 0) {
      return {};
    }
    reader.feed(std::string_view(received.data(), static_cast<std::size_t>(size)));
  }
  return last;
}

void append(std::string& out, const std::vector<std::string>& arguments) {
  append_command_head(out, arguments.size());
  for (const std::string& argument : arguments) {
    append_bulk(out, argument);
  }
}

}  // namespace

int free_port() {
  // The kernel's choice would lie in the range of outgoing connections, where another process may
  // take it as the near end of one before a server listens, or while a server is being restarted.
  constexpr int kFirst = 10000;
  constexpr int kCount = 20000;
  std::random_device random;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = kFirst + static_cast<int>(random() % kCount);
    const sockaddr_in address = loopback(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free) {
      return port;
    }
  }
  RR_CHECK(!"no free port between 10000 and 29999");
  return 0;
}

void wait_ms(int milliseconds) {
  poll(nullptr, 0, milliseconds);
}

std::string RedisTestServer::missing() {
  return std::filesystem::exists(kProgram) ? ""
                                           : std::string(kProgram) +
                                                 " is not there (Debian: redis-server); nothing "
                                                 "about Redis is tested";
}

RedisTestServer::RedisTestServer(std::vector<std::string> extra_arguments)
    : port_(free_port()), extra_arguments_(std::move(extra_arguments)) {}

RedisTestServer::~RedisTestServer() {
  kill();
}

void RedisTestServer::start() {
  RR_CHECK(pid_ < 0);
  std::vector<std::string> arguments = {kProgram,
                                        "--port",
                                        std::to_string(port_),
                                        "--bind",
                                        "127.0.0.1",
                                        "--unixsocket",
                                        socket_path(),
                                        "--save",
                                        "",
                                        "--appendonly",
                                        "no",
                                        "--dir",
                                        dir_.path().string(),
                                        "--logfile",
                                        (dir_.path() / "log").string(),
                                        "--enable-debug-command",
                                        "yes"};
  arguments.insert(arguments.end(), extra_arguments_.begin(), extra_arguments_.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  pid_ = fork();
  RR_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // no server outlives a test that was killed
    execv(kProgram, argv.data());
    _exit(127);
  }
  for (int i = 0; i < 1000; ++i) {
    const int fd = connect_to(port_);
    if (fd >= 0) {
      const RespValue pong = exchange(fd, "PING\r\n", 1);
      close(fd);
      if (pong.type == RespValue::Type::kStatus || pong.text.starts_with("NOAUTH")) {
        return;
      }
    }
    wait_ms(10);
  }
  RR_CHECK(!"redis-server did not start; see its log");
}

void RedisTestServer::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
  }
}

void RedisTestServer::pause() {
  ::kill(pid_, SIGSTOP);
}

void RedisTestServer::resume() {
  ::kill(pid_, SIGCONT);
}

RedisOptions RedisTestServer::options() const {
  RedisOptions options;
  options.endpoint.host = "127.0.0.1";
  options.endpoint.port = port_;
  options.fingerprint = "0123456789abcdef0123456789abcdef";
  // Machines that run tests may stand still for a while: a test that is about time sets its own.
  options.timeout = std::chrono::seconds(5);
  options.lease = std::chrono::seconds(10);
  return options;
}

RespValue RedisTestServer::command(const std::vector<std::string>& arguments,
                                   const std::vector<std::string>& auth) const {
  const int fd = connect_to(port_);
  if (fd < 0) {
    return {};
  }
  std::string bytes;
  if (!auth.empty()) {
    append(bytes, auth);
  }
  append(bytes, arguments);
  RespValue reply = exchange(fd, bytes, auth.empty() ? 1 : 2);
  close(fd);
  return reply;
}

long RedisTestServer::calls_of(std::string_view command_name) const {
  const std::string info = command({"INFO", "commandstats"}).text;
  const std::string line = "cmdstat_" + std::string(command_name) + ":calls=";
  const std::size_t place = info.find(line);
  return place == std::string::npos ? 0 : std::stol(info.substr(place + line.size()));
}

}  // namespace rr::cache
