#include "http/connection.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

#include "http/loop.h"

namespace rr::http {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

namespace {

constexpr std::size_t kSmallRead = std::size_t{4} << 10;
constexpr std::size_t kLargeRead = std::size_t{64} << 10;
// Bytes of pipelined requests kept while one is being answered; beyond it reading pauses.
constexpr std::size_t kInboxMax = std::size_t{64} << 10;
// The body of a refused request up to this size is read and dropped, so that the connection stays.
constexpr std::size_t kDroppedBodyMax = std::size_t{64} << 10;
// Spare capacity behind a body, so that the JSON reader need not copy it.
constexpr std::size_t kBodyPadding = 64;

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket,
                       Loop& loop,
                       Site& site,
                       const ConnectionLimits& limits)
    : socket_(std::move(socket)), loop_(loop), site_(site), limits_(limits) {
  loop_.add(*this);
  expires_ = site_.clock().now() + limits_.idle_timeout;
}

Connection::~Connection() {
  loop_.remove(*this);
}

void Connection::start() {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  next_request();
}

void Connection::refuse() {
  site_.metrics().rejected(metrics::RejectReason::kConnections).Increment();
  screening_.label = "other";
  arrival_ = site_.clock().now();
  HttpAnswer answer = error_answer({503, "too many connections"});
  answer.retry_after_s = 1;
  respond(std::move(answer), Next::kClose);
}

void Connection::close_if_expired(TimePoint now) {
  if (now < expires_ || state_ == State::kScoring || state_ == State::kClosed) {
    return;
  }
  const bool begun = state_ == State::kBody || (state_ == State::kHead && !inbox_.empty());
  if (!begun) {
    close();
    return;
  }
  if (state_ == State::kHead) {
    screening_ = {};
    screening_.label = "other";
    arrival_ = now;
  }
  respond(error_answer({408, "the request did not arrive in time"}), Next::kClose);
}

void Connection::close_if_idle() {
  const bool idle = (state_ == State::kHead && inbox_.empty()) || state_ == State::kLingering;
  if (idle) {
    close();
  }
}

void Connection::close() {
  if (state_ == State::kClosed) {
    return;
  }
  const bool scoring = state_ == State::kScoring;
  state_ = State::kClosed;
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (scoring) {
    cancel_.cancel();
  }
}

// --- Input

void Connection::read_more() {
  const bool full = state_ != State::kLingering && inbox_.size() >= kInboxMax;
  if (reading_ || input_ended_ || full || state_ == State::kClosed) {
    return;
  }
  reading_ = true;
  const std::size_t wanted = state_ == State::kBody ? kLargeRead : kSmallRead;
  if (read_buffer_.size() != wanted) {
    read_buffer_ = std::string(wanted, '\0');
  }
  socket_.async_read_some(
      asio::buffer(read_buffer_),
      [self = shared_from_this()](auto error, std::size_t bytes) { self->on_read(error, bytes); });
}

void Connection::on_read(boost::system::error_code error, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::kClosed) {
    return;
  }
  if (error) {
    input_ended_ = true;
    on_end_of_input();
    return;
  }
  if (state_ == State::kLingering) {
    read_more();
    return;
  }
  inbox_.append(read_buffer_.data(), bytes);
  if (state_ == State::kHead || state_ == State::kBody) {
    advance();
  } else {
    read_more();
  }
}

void Connection::on_end_of_input() {
  // While an answer is being written the client may still read it: half-closed is not gone.
  if (state_ != State::kWriting) {
    close();
  }
}

// Parses what has arrived until a request is complete or more bytes are needed.
void Connection::advance() {
  while (state_ == State::kHead || state_ == State::kBody) {
    if (!feed()) {
      break;
    }
  }
  if (state_ != State::kClosed) {
    if (input_ended_ && (state_ == State::kHead || state_ == State::kBody)) {
      close();
      return;
    }
    read_more();
  }
}

// One step of the parser; false when it waits for bytes or the request was handed on.
bool Connection::feed() {
  if (state_ == State::kBody && parser_->is_done()) {
    on_message();
    return false;
  }
  if (state_ == State::kHead) {
    skip_empty_lines();
  }
  boost::system::error_code error;
  const std::size_t used = parser_->put(asio::const_buffer(inbox_.data(), inbox_.size()), error);
  inbox_.erase(0, used);
  if (error == beast_http::error::need_more) {
    return false;
  }
  if (error) {
    return on_parser_error(error);
  }
  if (state_ == State::kHead && parser_->is_header_done()) {
    on_head();
    return state_ == State::kBody;
  }
  return used != 0;
}

// Some clients end a body with a line break of their own (RFC 9112, 2.2).
void Connection::skip_empty_lines() {
  if (inbox_.starts_with("\r\n")) {
    inbox_.erase(0, 2);
  }
}

bool Connection::on_parser_error(boost::system::error_code error) {
  if (state_ == State::kBody && error == beast_http::error::body_limit) {
    refuse_large_body();
    return false;
  }
  if (state_ == State::kHead) {
    arrival_ = site_.clock().now();
    request_id_ = loop_.ids().next();
    screening_ = {};
    screening_.label = "other";
  }
  const bool too_long = error == beast_http::error::header_limit;
  respond(too_long ? error_answer({431, "the request's head is too large"})
                   : error_answer({400, "this is no HTTP/1.1 request: " + error.message()}),
          Next::kClose);
  return false;
}

std::string_view Connection::field(beast_http::field name) const {
  const auto found = parser_->get().find(name);
  return found == parser_->get().end() ? std::string_view() : view(found->value());
}

RequestHead Connection::request_head() const {
  RequestHead head;
  head.method = view(parser_->get().method_string());
  head.target = view(parser_->get().target());
  head.content_type = field(beast_http::field::content_type);
  head.content_encoding = field(beast_http::field::content_encoding);
  head.authorization = field(beast_http::field::authorization);
  head.accept = field(beast_http::field::accept);
  head.origin = field(beast_http::field::origin);
  return head;
}

void Connection::on_head() {
  state_ = State::kBody;
  arrival_ = site_.clock().now();
  expires_ = arrival_ + limits_.body_timeout;
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  http_1_0_ = message.version() < 11;
  head_only_ = message.method() == beast_http::verb::head;
  const auto id = message.find("X-Request-Id");
  const bool usable_id = id != message.end() && is_request_id(view(id->value()));
  request_id_ = usable_id ? std::string(view(id->value())) : loop_.ids().next();
  const RequestHead head = request_head();
  cors_origin_ = site_.cors_origin(head.origin);
  screening_ = site_.screen(head);

  const std::size_t limit = screening_.refusal ? kDroppedBodyMax : limits_.body_bytes;
  const std::uint64_t length = parser_->content_length().value_or(0);
  if (length > limit) {
    refuse_large_body();
    return;
  }
  parser_->body_limit(limit);
  parser_->eager(true);
  if (!screening_.refusal && length != 0) {
    parser_->get().body().reserve(length + kBodyPadding);
  }
  if (wants_continue()) {
    if (screening_.refusal) {
      respond(std::move(*screening_.refusal), Next::kClose);
    } else {
      send_continue();
    }
  }
}

// The rest of the body is not read: the connection ends with the answer.
void Connection::refuse_large_body() {
  if (screening_.refusal) {
    respond(std::move(*screening_.refusal), Next::kClose);
    return;
  }
  site_.metrics().rejected(metrics::RejectReason::kBodyTooLarge).Increment();
  const Route* const route = screening_.match.route;
  const api::ErrorForm form =
      route != nullptr && route->post ? api::error_form_of(*route->post) : api::ErrorForm::kUnion;
  respond(error_answer(
              {413, fmt::format("the body is larger than {} bytes", limits_.body_bytes), form}),
          Next::kClose);
}

bool Connection::wants_continue() const {
  const std::string_view expect = field(beast_http::field::expect);
  return !http_1_0_ && inbox_.empty() && !parser_->is_done() && expect.size() == 12 &&
         boost::beast::iequals({expect.data(), expect.size()}, "100-continue");
}

// A few bytes into an empty send buffer. If the socket does not take them at once, the client goes
// on by itself after its own wait (RFC 9110, 10.1.1).
void Connection::send_continue() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  boost::system::error_code ignored;
  socket_.write_some(asio::const_buffer(kContinue.data(), kContinue.size()), ignored);
}

// --- The request

void Connection::on_message() {
  const Next next = Next::kKeepOpen;
  if (screening_.refusal) {
    respond(std::move(*screening_.refusal), next);
    return;
  }
  const RouteMatch& match = screening_.match;
  if (parser_->get().method() != beast_http::verb::post) {
    respond(site_.get(match, request_head()), next);
    return;
  }
  api::ReadOutcome outcome =
      site_.read(loop_.json_reader(), *match.route->post, parser_->get().body(), arrival_);
  parser_->get().body() = {};
  if (const auto* error = std::get_if<api::RequestError>(&outcome)) {
    respond(error_answer(*error), next);
    return;
  }
  begin_scoring(std::get<api::InferenceCall>(std::move(outcome)));
}

void Connection::begin_scoring(api::InferenceCall call) {
  if (input_ended_) {
    close();
    return;
  }
  state_ = State::kScoring;
  plan_ = std::move(call.plan);
  cancel_ = CancelSource();
  call.request.cancel = cancel_.token();
  // The outcome may come on any thread, and long after this connection and its loop are gone.
  site_.service().rerank(
      std::move(call.request),
      [inbox = loop_.inbox(), weak = weak_from_this()](rerank::RerankOutcome outcome) {
        auto shared = std::make_shared<rerank::RerankOutcome>(std::move(outcome));
        inbox->post([weak, shared] {
          if (const auto self = weak.lock()) {
            self->on_outcome(*shared);
          }
        });
      });
}

void Connection::on_outcome(const rerank::RerankOutcome& outcome) {
  if (state_ == State::kScoring) {
    respond(site_.answer(plan_, outcome, arrival_, loop_.ids().next()), Next::kKeepOpen);
  }
}

// --- Output

void Connection::respond(HttpAnswer answer, Next next) {
  answer_ = std::move(answer);
  const bool close = next == Next::kClose || !keep_alive_ || site_.draining();
  after_write_ = close ? Next::kClose : Next::kKeepOpen;
  if (request_id_.empty()) {
    request_id_ = loop_.ids().next();
  }
  write_head(answer_, {request_id_, loop_.date(), cors_origin_, close, http_1_0_}, head_text_);
  state_ = State::kWriting;
  expires_ = site_.clock().now() + limits_.write_timeout;
  const std::array<asio::const_buffer, 2> buffers = {
      asio::buffer(head_text_),
      asio::buffer(answer_.body.data(), head_only_ ? 0 : answer_.body.size())};
  asio::async_write(socket_, buffers, [self = shared_from_this()](auto error, std::size_t) {
    self->on_written(error);
  });
}

void Connection::on_written(boost::system::error_code error) {
  if (state_ != State::kWriting) {
    return;
  }
  metrics::Metrics& metrics = site_.metrics();
  metrics.requests(screening_.label, answer_.status).Increment();
  metrics.request_duration(screening_.label).Observe(to_seconds(site_.clock().now() - arrival_));
  answer_.body = {};
  plan_ = {};
  // An answer begun before the drain did not say that its connection would end.
  const bool idle_ends = loop_.closes_idle() && inbox_.empty();
  if (error) {
    close();
  } else if (after_write_ == Next::kClose || idle_ends) {
    linger();
  } else {
    next_request();
  }
}

// Closing at once while the client still sends would reset the connection and could take the
// answer with it; so our side ends, and what comes is dropped until the client ends too.
void Connection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (input_ended_) {
    close();
    return;
  }
  state_ = State::kLingering;
  expires_ = site_.clock().now() + limits_.linger_timeout;
  inbox_ = {};
  read_more();
}

void Connection::next_request() {
  state_ = State::kHead;
  expires_ = site_.clock().now() + limits_.idle_timeout;
  request_id_.clear();
  cors_origin_.clear();
  keep_alive_ = true;
  head_only_ = false;
  http_1_0_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser_->body_limit(boost::none);
  advance();
}

}  // namespace rr::http
