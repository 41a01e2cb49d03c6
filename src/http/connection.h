// One client connection, as a state machine on one I/O loop:
//   head -> body -> scoring -> writing -> head …, lingering -> closed
// One read is outstanding at nearly every moment, so that an end of file while a request is being
// scored is seen at once and cancels it. Pipelined requests wait as
// bytes and are answered in order. Time limits are looked at by the loop's sweep (expired()).
// Errors: whatever is no HTTP gets 400 and the connection ends; everything else leaves it usable.
// Lives by shared_ptr in its own handlers; all calls on the loop's thread. Tested by
// server_test.cpp over real sockets.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/cancel_token.h"
#include "http/site.h"
#include "http/site_options.h"

namespace rr::http {

class Loop;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket,
             Loop& loop,
             Site& site,
             const ConnectionLimits& limits);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  // Answers 503 at once and ends: one connection too many.
  void refuse();
  // Closes when its time is over; a head or body begun but not finished gets 408 first.
  void close_if_expired(TimePoint now);
  // Closes unless a request has begun.
  void close_if_idle();
  // Cancels what is being scored and closes.
  void close();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class State { kHead, kBody, kScoring, kWriting, kLingering, kClosed };
  enum class Next { kKeepOpen, kClose };

  void read_more();
  void on_read(boost::system::error_code error, std::size_t bytes);
  void on_end_of_input();
  void advance();
  bool feed();
  void skip_empty_lines();
  bool on_parser_error(boost::system::error_code error);
  void on_head();
  void refuse_large_body();
  bool wants_continue() const;
  void send_continue();
  void on_message();
  void begin_scoring(api::InferenceCall call);
  void on_outcome(const rerank::RerankOutcome& outcome);
  void respond(HttpAnswer answer, Next next);
  void on_written(boost::system::error_code error);
  void linger();
  void next_request();
  RequestHead request_head() const;
  std::string_view field(boost::beast::http::field name) const;

  boost::asio::ip::tcp::socket socket_;
  Loop& loop_;
  Site& site_;
  const ConnectionLimits& limits_;
  State state_ = State::kHead;
  TimePoint expires_;

  bool reading_ = false;      // a read is outstanding
  bool input_ended_ = false;  // end of file or reset was seen
  std::string read_buffer_;   // the outstanding read's target
  std::string inbox_;         // bytes that no parser has taken yet

  // The request at hand.
  std::optional<Parser> parser_;
  Screening screening_;
  std::string request_id_;
  std::string cors_origin_;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool http_1_0_ = false;
  TimePoint arrival_;
  api::AnswerPlan plan_;
  CancelSource cancel_;

  // The answer being written.
  HttpAnswer answer_;
  std::string head_text_;
  Next after_write_ = Next::kKeepOpen;
};

}  // namespace rr::http
