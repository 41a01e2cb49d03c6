#include "cache/redis_score_cache.h"

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

}  // namespace

Result<std::unique_ptr<ScoreCache>> make_redis_score_cache(const RedisOptions& options,
                                                           metrics::Metrics& metrics,
                                                           const Clock& clock) {
  std::shared_ptr<asio::ssl::context> tls;
  if (options.endpoint.transport == RedisEndpoint::Transport::kTls) {
    RR_ASSIGN_OR_RETURN(tls, make_tls_context(options.tls));
  }
  return std::unique_ptr<ScoreCache>(
      std::make_unique<RedisScoreCache>(options, std::move(tls), metrics, clock));
}

}  // namespace rr::cache
