// One io_context on the calling thread; a Client is one connection that does one request at a time.
// Closed loop: every client takes the next index as soon as it is free. Open loop: a timer puts
// arrivals into a queue, free clients take from it.
#include "cli/load_run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <memory>

namespace rr::cli {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Endpoints = tcp::resolver::results_type;

constexpr std::size_t kMaxAnswerBytes = 256U << 20;

struct Work {
  std::uint64_t index;
  TimePoint arrived;
};

class Client;

class Run {
 public:
  Run(const LoadRunOptions& options, const Clock& clock, const std::function<void()>& on_end)
      : options_(options), clock_(clock), on_end_(on_end), arrival_timer_(context_) {}

  Result<LoadReport> go();

  asio::io_context& context() { return context_; }
  const LoadRunOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  const Endpoints& endpoints(std::size_t target) const { return endpoints_[target]; }

  // The client is free: gives it work, or keeps it for later.
  void free_client(Client& client);
  void ended(const Work& work, const std::string& status);

 private:
  Status resolve();
  void arrive();
  bool more() const { return taken_ < options_.requests; }

  const LoadRunOptions& options_;
  const Clock& clock_;
  const std::function<void()>& on_end_;
  asio::io_context context_;
  std::vector<Endpoints> endpoints_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> free_;  // open loop: clients without work
  std::deque<Work> waiting_;   // open loop: arrivals without a client
  asio::steady_timer arrival_timer_;
  std::uint64_t taken_ = 0;  // requests that were given to a client or arrived
  TimePoint next_arrival_{};
  LoadReport report_;
};

class Client {
 public:
  explicit Client(Run& run) : run_(run), streams_(run.options().targets.size()) {}

  void start(const Work& work) {
    work_ = work;
    target_ = static_cast<std::size_t>(work.index % streams_.size());
    const LoadTarget& target = run_.options().targets[target_];
    request_ = {};
    request_.version(11);
    request_.method(http::verb::post);
    request_.target(target.path);
    request_.set(http::field::host, fmt::format("{}:{}", target.host, target.port));
    request_.set(http::field::content_type, "application/json");
    if (!run_.options().api_key.empty()) {
      request_.set(http::field::authorization, "Bearer " + run_.options().api_key);
    }
    request_.body() = load_body(run_.options().shape, run_.options().first_request + work.index);
    request_.prepare_payload();
    fresh_ = streams_[target_] == nullptr;
    if (fresh_) {
      connect();
    } else {
      send();
    }
  }

 private:
  beast::tcp_stream& stream() { return *streams_[target_]; }

  void connect() {
    fresh_ = true;
    streams_[target_] = std::make_unique<beast::tcp_stream>(run_.context());
    stream().expires_after(run_.options().timeout);
    stream().async_connect(run_.endpoints(target_),
                           [this](const beast::error_code& error, const tcp::endpoint&) {
                             if (error) {
                               return end(error == beast::error::timeout ? "timeout" : "connect");
                             }
                             beast::error_code ignored;
                             stream().socket().set_option(tcp::no_delay(true), ignored);
                             send();
                           });
  }

  void send() {
    stream().expires_after(run_.options().timeout);
    http::async_write(stream(), request_, [this](const beast::error_code& error, std::size_t) {
      if (error) {
        return broken(error);
      }
      receive();
    });
  }

  void receive() {
    parser_.emplace();
    parser_->body_limit(kMaxAnswerBytes);
    http::async_read(
        stream(), buffer_, *parser_, [this](const beast::error_code& error, std::size_t) {
          if (error) {
            return broken(error);
          }
          const std::string status = std::to_string(parser_->get().result_int());
          if (!parser_->get().keep_alive()) {
            drop();
          }
          finish(status);
        });
  }

  // A kept connection may have been closed between two requests: one try on a fresh one.
  void broken(const beast::error_code& error) {
    if (error == beast::error::timeout) {
      return end("timeout");
    }
    if (!fresh_ && !(parser_ && parser_->got_some())) {
      drop();
      return connect();
    }
    end("broken");
  }

  void end(const std::string& status) {
    drop();
    finish(status);
  }

  void drop() {
    streams_[target_] = nullptr;
    buffer_.clear();
  }

  void finish(const std::string& status) {
    run_.ended(work_, status);
    parser_.reset();
    run_.free_client(*this);
  }

  Run& run_;
  Work work_{};
  std::size_t target_ = 0;
  bool fresh_ = false;
  std::vector<std::unique_ptr<beast::tcp_stream>> streams_;  // [targets], null = not connected
  http::request<http::string_body> request_;
  std::optional<http::response_parser<http::string_body>> parser_;
  beast::flat_buffer buffer_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Status Run::resolve() {
  tcp::resolver resolver(context_);
  for (const LoadTarget& target : options_.targets) {
    beast::error_code error;
    endpoints_.push_back(resolver.resolve(target.host, target.port, error));
    if (error) {
      return Status(Code::kUnavailable,
                    fmt::format("{}:{}: {}", target.host, target.port, error.message()));
    }
  }
  return {};
}

void Run::free_client(Client& client) {
  if (options_.rate > 0) {
    if (waiting_.empty()) {
      free_.push_back(&client);
      return;
    }
    const Work work = waiting_.front();
    waiting_.pop_front();
    client.start(work);
  } else if (more()) {
    client.start({taken_++, clock_.now()});
  }
}

void Run::arrive() {
  const Work work{taken_++, next_arrival_};
  if (free_.empty()) {
    waiting_.push_back(work);
  } else {
    Client* client = free_.back();
    free_.pop_back();
    client->start(work);
  }
  if (!more()) {
    return;
  }
  next_arrival_ += arrival_gap(options_.shape.seed, options_.first_request + taken_, options_.rate);
  arrival_timer_.expires_at(next_arrival_);
  arrival_timer_.async_wait([this](const beast::error_code&) { arrive(); });
}

void Run::ended(const Work& work, const std::string& status) {
  report_.add(status,
              clock_.now() - work.arrived,
              documents_of(options_.shape, options_.first_request + work.index));
  on_end_();
}

Result<LoadReport> Run::go() {
  RR_RETURN_IF_ERROR(resolve());
  const TimePoint start = clock_.now();
  const double cpu_start = cpu_seconds();
  for (int i = 0; i < options_.clients; ++i) {
    clients_.push_back(std::make_unique<Client>(*this));
    free_client(*clients_.back());
  }
  if (options_.rate > 0 && more()) {
    next_arrival_ = start;
    arrive();
  }
  context_.run();
  report_.wall = clock_.now() - start;
  report_.clients = options_.clients;
  report_.rate = options_.rate;
  for (std::uint64_t index = 0; index < options_.requests; ++index) {
    report_.distinct_requests += original_of(options_.shape, index) == index ? 1 : 0;
  }
  const double seconds = to_seconds(report_.wall);
  report_.cpu_share = seconds > 0 ? (cpu_seconds() - cpu_start) / seconds : 0;
  return std::move(report_);
}

}  // namespace

Result<LoadReport> run_load(const LoadRunOptions& options,
                            const Clock& clock,
                            const std::function<void()>& on_end) {
  return Run(options, clock, on_end).go();
}

Result<std::string> fetch_text(const LoadTarget& target,
                               const std::string& path,
                               const std::string& accept) {
  const auto failed = [&](const beast::error_code& error) {
    return Status(Code::kUnavailable,
                  fmt::format("{}:{}: {}", target.host, target.port, error.message()));
  };
  asio::io_context context;
  beast::error_code error;
  const auto endpoints = tcp::resolver(context).resolve(target.host, target.port, error);
  if (error) {
    return failed(error);
  }
  beast::tcp_stream stream(context);
  stream.connect(endpoints, error);
  if (error) {
    return failed(error);
  }
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, target.host);
  request.set(http::field::accept, accept);
  http::write(stream, request, error);
  if (error) {
    return failed(error);
  }
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response, error);
  if (error) {
    return failed(error);
  }
  if (response.result() != http::status::ok) {
    return Status(Code::kUnavailable, fmt::format("{}: status {}", path, response.result_int()));
  }
  return std::move(response.body());
}

}  // namespace rr::cli
