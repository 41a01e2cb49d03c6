#include "cache/redis_socket.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

namespace rr::cache {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

Status tls_refused(std::string_view variable, const std::string& file, const error_code& error) {
  return {Code::kInvalidArgument,
          fmt::format("[redis] {}: cannot use {}: {}", variable, file, error.message())};
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> make_tls_context(const RedisTlsOptions& options) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1,
                       error);
  context->set_verify_mode(asio::ssl::verify_peer, error);
  if (options.ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else if (context->load_verify_file(options.ca_file, error)) {
    return tls_refused("REDIS_TLS_CA", options.ca_file, error);
  }
  if (!options.cert_file.empty()) {
    if (context->use_certificate_chain_file(options.cert_file, error)) {
      return tls_refused("REDIS_TLS_CERT", options.cert_file, error);
    }
    if (context->use_private_key_file(options.key_file, asio::ssl::context::pem, error)) {
      return tls_refused("REDIS_TLS_KEY", options.key_file, error);
    }
  }
  return context;
}

RedisSocket::RedisSocket(asio::io_context& io,
                         std::shared_ptr<asio::ssl::context> tls,
                         std::string server_name,
                         RedisSocketHandlers handlers)
    : io_(io),
      tls_context_(std::move(tls)),
      server_name_(std::move(server_name)),
      handlers_(std::move(handlers)),
      resolver_(io),
      socket_(io) {}

void RedisSocket::connect(const RedisEndpoint& endpoint) {
  if (endpoint.transport == RedisEndpoint::Transport::kUnix) {
    endpoints_.emplace_back(asio::local::stream_protocol::endpoint(endpoint.path));
    connect_next();
    return;
  }
  resolver_.async_resolve(
      endpoint.host,
      std::to_string(endpoint.port),
      asio::ip::tcp::resolver::numeric_service,
      [self = shared_from_this()](const error_code& error, const auto& results) {
        if (self->closed_) {
          return;
        }
        if (error) {
          self->fail("the name cannot be resolved: " + error.message());
          return;
        }
        for (const auto& result : results) {
          self->endpoints_.emplace_back(result.endpoint());
        }
        self->connect_next();
      });
}

void RedisSocket::connect_next() {
  socket_.async_connect(endpoints_[next_endpoint_],
                        [self = shared_from_this()](const error_code& error) {
                          if (!self->closed_) {
                            self->on_transport(error);
                          }
                        });
}

void RedisSocket::on_transport(const error_code& error) {
  if (error) {
    error_code ignored;
    socket_.close(ignored);
    if (++next_endpoint_ < endpoints_.size()) {
      connect_next();
    } else {
      fail(error.message());
    }
    return;
  }
  error_code ignored;  // a unix socket has no such option
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls_context_) {
    shake_hands();
  } else {
    on_open();
  }
}

void RedisSocket::shake_hands() {
  tls_.emplace(socket_, *tls_context_);
  error_code error;
  tls_->set_verify_callback(asio::ssl::host_name_verification(server_name_), error);
  SSL_set_tlsext_host_name(tls_->native_handle(), server_name_.c_str());
  tls_->async_handshake(asio::ssl::stream_base::client,
                        [self = shared_from_this()](const error_code& failed) {
                          if (self->closed_) {
                            return;
                          }
                          if (failed) {
                            self->fail("TLS: " + failed.message());
                          } else {
                            self->on_open();
                          }
                        });
}

void RedisSocket::on_open() {
  open_ = true;
  handlers_.connected();
  if (!closed_) {
    read_some();
    write_some();
  }
}

void RedisSocket::read_some() {
  auto handler = [self = shared_from_this()](const error_code& error, std::size_t size) {
    self->on_read(error, size);
  };
  if (tls_) {
    tls_->async_read_some(asio::buffer(received_), std::move(handler));
  } else {
    socket_.async_read_some(asio::buffer(received_), std::move(handler));
  }
}

void RedisSocket::on_read(const error_code& error, std::size_t size) {
  if (closed_) {
    return;
  }
  if (error) {
    // With TLS 1.3 a server refuses our certificate only after our side of the handshake is done.
    const bool alert = error.category() == asio::error::get_ssl_category();
    fail((alert ? "TLS: " : "") + error.message());
    return;
  }
  handlers_.received(std::string_view(received_.data(), size));
  if (!closed_) {
    read_some();
  }
}

void RedisSocket::write(std::string bytes) {
  if (closed_ || bytes.empty()) {
    return;
  }
  if (queued_.empty()) {
    queued_ = std::move(bytes);
  } else {
    queued_.append(bytes);
  }
  write_some();
}

void RedisSocket::write_some() {
  if (!open_ || !writing_.empty() || queued_.empty()) {
    return;
  }
  writing_.swap(queued_);
  auto handler = [self = shared_from_this()](const error_code& error, std::size_t) {
    if (self->closed_) {
      return;
    }
    self->writing_.clear();
    if (!error) {
      self->write_some();
    }
    // Else the read that is always outstanding ends too, and it knows why: a TLS alert, say, that
    // came before the connection broke.
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(writing_), std::move(handler));
  } else {
    asio::async_write(socket_, asio::buffer(writing_), std::move(handler));
  }
}

void RedisSocket::fail(std::string_view why) {
  close();
  handlers_.closed(why);
}

void RedisSocket::close() {
  closed_ = true;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace rr::cache
