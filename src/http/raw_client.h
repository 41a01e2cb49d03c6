// A client of plain bytes for the server's tests: what it sends is exactly what a test says, and
// what it reads is parsed by hand. Blocking, with a limit on every wait. Test code only.
// Tested by server_test.cpp, which it serves.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace rr::http {

struct RawAnswer {
  int status = 0;  // 0: the connection ended before a complete answer
  std::string head;
  std::string body;

  // The value of a header, or "". Names are compared as written by the server.
  std::string header(std::string_view name) const {
    const std::string start = "\r\n" + std::string(name) + ": ";
    const auto at = head.find(start);
    if (at == std::string::npos) {
      return "";
    }
    const auto from = at + start.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class RawClient {
 public:
  explicit RawClient(int port, int patience_ms = 10'000)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)), patience_ms_(patience_ms) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void half_close() { ::shutdown(socket_, SHUT_WR); }

  void close() {
    if (socket_ >= 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }

  // Closing with a reset instead of an end of file.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  // The next answer; interim 100 answers are skipped unless `keep_interim` says otherwise.
  RawAnswer read_answer() {
    RawAnswer answer = read_one();
    while (answer.status == 100) {
      answer = read_one();
    }
    return answer;
  }

  RawAnswer read_interim() { return read_one(); }

  // The head alone: for HEAD, whose Content-Length has no body.
  RawAnswer read_head() {
    RawAnswer answer;
    fill_until_head();
    take_head(answer);
    return answer;
  }

  // Everything up to the server's end.
  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }

  // True when the server has closed and nothing is left to read.
  bool at_end() { return buffer_.empty() && !fill() && ended_; }

 private:
  bool fill() {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, patience_ms_) != 1) {
      return false;
    }
    char bytes[65536];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) {
      ended_ = true;
      return false;
    }
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  void fill_until_head() {
    while (buffer_.find("\r\n\r\n") == std::string::npos && fill()) {
    }
  }

  bool take_head(RawAnswer& answer) {
    const auto end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) {
      return false;
    }
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    return true;
  }

  RawAnswer read_one() {
    RawAnswer answer;
    fill_until_head();
    if (!take_head(answer)) {
      return answer;
    }
    const auto length =
        static_cast<std::size_t>(std::atoll(answer.header("Content-Length").c_str()));
    while (buffer_.size() < length && fill()) {
    }
    if (buffer_.size() < length) {
      answer.status = 0;
    }
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }

  int socket_ = -1;
  int patience_ms_;
  bool connected_ = false;
  bool ended_ = false;  // the server has closed, or reset, its side
  std::string buffer_;
};

}  // namespace rr::http
