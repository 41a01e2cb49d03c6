// One attempt at a connection to Redis: resolve, connect, TLS handshake, then bytes both ways.
// TLS always verifies the server's certificate and name. A socket lives for one connection; the
// next attempt is a new one, so names are resolved anew. Handlers run on the I/O context's thread,
// and never after close(). Tested by redis_live_redis_test.cpp and redis_fault_redis_test.cpp.
#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/redis_options.h"
#include "cache/redis_url.h"

namespace rr::cache {

// The client side's TLS settings, made once. kInvalidArgument when a file cannot be used.
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const RedisTlsOptions& options);

struct RedisSocketHandlers {
  std::function<void()> connected;
  std::function<void(std::string_view bytes)> received;
  std::function<void(std::string_view why)> closed;
};

class RedisSocket : public std::enable_shared_from_this<RedisSocket> {
 public:
  // `tls` is null for plain transports; `server_name` is what the certificate must name.
  RedisSocket(boost::asio::io_context& io,
              std::shared_ptr<boost::asio::ssl::context> tls,
              std::string server_name,
              RedisSocketHandlers handlers);

  void connect(const RedisEndpoint& endpoint);
  void write(std::string bytes);
  void close();
  bool has_unsent() const { return !writing_.empty() || !queued_.empty(); }

 private:
  using Stream = boost::asio::generic::stream_protocol::socket;
  using Endpoint = boost::asio::generic::stream_protocol::endpoint;

  void connect_next();
  void on_transport(const boost::system::error_code& error);
  void shake_hands();
  void on_open();
  void read_some();
  void on_read(const boost::system::error_code& error, std::size_t size);
  void write_some();
  void fail(std::string_view why);

  boost::asio::io_context& io_;
  std::shared_ptr<boost::asio::ssl::context> tls_context_;
  std::string server_name_;
  RedisSocketHandlers handlers_;
  boost::asio::ip::tcp::resolver resolver_;
  Stream socket_;
  std::optional<boost::asio::ssl::stream<Stream&>> tls_;
  std::vector<Endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  bool open_ = false;
  bool closed_ = false;
  std::array<char, std::size_t{16} << 10> received_{};
  std::string writing_;
  std::string queued_;
};

}  // namespace rr::cache
