#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rr::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const BuildInfo kBuild{"1.2.3", "abc", "GNU 12", "avx2", "none"};

TEST(Metrics, EverySeriesExistsAtZeroFromTheStart) {
  Metrics metrics({"/rerank", "/health"}, kBuild);
  const std::string text = metrics.text();
  for (const char* line : {"reranker_requests_total{code=\"200\",route=\"/rerank\"} 0",
                           "reranker_requests_total{code=\"5xx\",route=\"other\"} 0",
                           "reranker_request_duration_seconds_count{route=\"/health\"} 0",
                           "reranker_stage_duration_seconds_count{stage=\"tokenize\"} 0",
                           "reranker_stage_duration_seconds_count{stage=\"render\"} 0",
                           "reranker_pairs_total{source=\"computed\"} 0",
                           "reranker_pairs_total{source=\"remote_joined\"} 0",
                           "reranker_tokens_total 0",
                           "reranker_truncated_pairs_total 0",
                           "reranker_batches_total 0",
                           "reranker_batch_requests_count 0",
                           "reranker_batch_tokens_count 0",
                           "reranker_queue_requests 0",
                           "reranker_queue_tokens 0",
                           "reranker_active_requests 0",
                           "reranker_rejected_total{reason=\"queue_full\"} 0",
                           "reranker_rejected_total{reason=\"connections\"} 0",
                           "reranker_cancelled_pairs_total 0",
                           "reranker_nonfinite_total 0",
                           "reranker_local_cache_entries 0",
                           "reranker_local_cache_bytes 0",
                           "reranker_local_cache_hits_total 0",
                           "reranker_local_cache_misses_total 0",
                           "reranker_local_cache_evictions_total 0",
                           "reranker_redis_up 0",
                           "reranker_redis_errors_total{kind=\"auth\"} 0",
                           "reranker_redis_breaker_open 0",
                           "reranker_redis_leases_total{event=\"taken_over\"} 0",
                           "reranker_redis_duration_seconds_count 0",
                           "version=\"1.2.3\"",
                           "process_cpu_seconds_total",
                           "process_open_fds"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, EveryEnumeratorHasItsOwnLabel) {
  Metrics metrics({}, kBuild);
  metrics.rejected(RejectReason::kConnections).Increment();
  metrics.redis_errors(RedisError::kAuth).Increment(2);
  metrics.redis_leases(LeaseEvent::kLost).Increment(3);
  metrics.pairs(PairSource::kRemoteJoined).Increment(4);
  metrics.stage_duration(Stage::kRender).Observe(0.001);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("reranker_rejected_total{reason=\"connections\"} 1"));
  EXPECT_THAT(text, HasSubstr("reranker_redis_errors_total{kind=\"auth\"} 2"));
  EXPECT_THAT(text, HasSubstr("reranker_redis_leases_total{event=\"lost\"} 3"));
  EXPECT_THAT(text, HasSubstr("reranker_pairs_total{source=\"remote_joined\"} 4"));
  EXPECT_THAT(text, HasSubstr("reranker_stage_duration_seconds_count{stage=\"render\"} 1"));
}

TEST(Metrics, CodesAndRoutesOutsideTheSetNeverMakeANewSeries) {
  Metrics metrics({"/rerank"}, kBuild);
  const std::size_t before = metrics.text().size();
  metrics.requests("/rerank", 418).Increment();
  metrics.requests("/etc/passwd", 599).Increment();
  metrics.requests("/rerank", 99).Increment();
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("reranker_requests_total{code=\"4xx\",route=\"/rerank\"} 1"));
  EXPECT_THAT(text, HasSubstr("reranker_requests_total{code=\"5xx\",route=\"other\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("passwd")));
  EXPECT_LT(text.size(), before + 64);
}

TEST(Metrics, JsonSaysTheSameAsText) {
  Metrics metrics({"/rerank"}, kBuild);
  metrics.tokens_total.Increment(12);
  metrics.pairs(PairSource::kComputed).Increment(3);
  metrics.redis_duration.Observe(0.25);
  const std::string json = metrics.json();
  EXPECT_THAT(json, HasSubstr("\"reranker_tokens_total\":12"));
  EXPECT_THAT(json, HasSubstr("{\"source\":\"computed\",\"value\":3}"));
  EXPECT_THAT(json, HasSubstr("\"reranker_redis_duration_seconds\":{\"count\":1,\"sum\":0.25"));
  EXPECT_THAT(json, HasSubstr("\"+Inf\":1"));
}

}  // namespace
}  // namespace rr::metrics
