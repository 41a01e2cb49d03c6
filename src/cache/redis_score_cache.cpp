#include "cache/redis_score_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "cache/redis_loop.h"

namespace rr::cache {

namespace {

namespace asio = boost::asio;

class RedisScoreCache final : public ScoreCache {
 public:
  RedisScoreCache(const RedisOptions& options,
                  std::shared_ptr<asio::ssl::context> tls,
                  metrics::Metrics& metrics,
                  const Clock& clock)
      : lookup_duration_(metrics.stage_duration(metrics::Stage::kRedis)),
        clock_(clock),
        loop_(io_, options, std::move(tls), metrics, clock),
        thread_([this] { io_.run(); }) {
    asio::post(io_, [this] { loop_.run([](SharingProtocol&, TimePoint) {}); });
  }

  // NOLINTNEXTLINE(bugprone-exception-escape): post() throws only when memory runs out, which
  // aborts
  ~RedisScoreCache() override {
    asio::post(io_, [this] { loop_.shut_down(); });
    thread_.join();
  }

  void lookup_and_claim(const QueryKey& query,
                        std::vector<Digest128> documents,
                        Deadline deadline,
                        RemoteAnswerCallback callback) override {
    callback = timed(std::move(callback));
    on_loop([query, documents = std::move(documents), deadline, callback = std::move(callback)](
                SharingProtocol& protocol, TimePoint now) mutable {
      protocol.lookup(query, documents, deadline, std::move(callback), now);
    });
  }

  void store(const QueryKey& query,
             std::vector<std::pair<Digest128, CachedScore>> scores) override {
    on_loop([query, scores = std::move(scores)](SharingProtocol& protocol, TimePoint now) mutable {
      protocol.store(query, std::move(scores), now);
    });
  }

  void release(const QueryKey& query, std::vector<Digest128> documents) override {
    on_loop([query, documents = std::move(documents)](SharingProtocol& protocol, TimePoint now) {
      protocol.release(query, documents, now);
    });
  }

  void start(const QueryKey& query, std::vector<Digest128> documents) override {
    on_loop([query, documents = std::move(documents)](SharingProtocol& protocol, TimePoint) {
      protocol.start(query, documents);
    });
  }

  RemoteStats stats() const override { return loop_.stats(); }

 private:
  // Observes how long the request waited for Redis' first answer.
  RemoteAnswerCallback timed(RemoteAnswerCallback callback) {
    // Shared, since the protocol copies callbacks.
    const auto first = std::make_shared<bool>(true);
    return [this, callback = std::move(callback), asked = clock_.now(), first](
               std::span<const RemoteAnswer> answers, std::size_t waiting) {
      if (std::exchange(*first, false)) {
        lookup_duration_.Observe(to_seconds(clock_.now() - asked));
      }
      callback(answers, waiting);
    };
  }

  template <typename Step>
  void on_loop(Step step) {
    asio::post(io_, [this, step = std::move(step)]() mutable { loop_.run(std::ref(step)); });
  }

  prometheus::Histogram& lookup_duration_;
  const Clock& clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  RedisLoop loop_;
  std::jthread thread_;
};

Status check_options(const RedisOptions& options) {
  const auto refused = [](std::string_view name, std::string_view wanted) {
    return Status(Code::kInvalidArgument, fmt::format("[redis] {}: wanted {}", name, wanted));
  };
  if (options.ttl <= Duration::zero()) {
    return refused("REDIS_TTL_SECONDS", "more than 0");
  }
  if (options.pool_size < 1 || options.pool_size > 256) {
    return refused("REDIS_POOL_SIZE", "1 to 256");
  }
  if (options.timeout < std::chrono::milliseconds(1) || options.timeout > std::chrono::minutes(1)) {
    return refused("REDIS_TIMEOUT_MS", "1 to 60000");
  }
  if (options.lease < std::chrono::milliseconds(100) || options.lease > std::chrono::minutes(10)) {
    return refused("REDIS_LEASE_MS", "100 to 600000");
  }
  const bool plain = std::all_of(options.key_prefix.begin(), options.key_prefix.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("._:-").find(c) != std::string_view::npos;
  });
  if (options.key_prefix.empty() || options.key_prefix.size() > 64 || !plain) {
    return refused("REDIS_KEY_PREFIX", "1 to 64 letters, digits and . _ : -");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ScoreCache>> make_redis_score_cache(const RedisOptions& options,
                                                           metrics::Metrics& metrics,
                                                           const Clock& clock) {
  RR_RETURN_IF_ERROR(check_options(options));
  std::shared_ptr<asio::ssl::context> tls;
  if (options.endpoint.transport == RedisEndpoint::Transport::kTls) {
    RR_ASSIGN_OR_RETURN(tls, make_tls_context(options.tls));
  }
  return std::unique_ptr<ScoreCache>(
      std::make_unique<RedisScoreCache>(options, std::move(tls), metrics, clock));
}

}  // namespace rr::cache
