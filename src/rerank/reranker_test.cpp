#include "rerank/reranker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rerank/reranker_fixture.h"

namespace rr::rerank {
namespace {

using ::testing::HasSubstr;

RerankRequest request(std::string query, std::vector<std::string> documents) {
  return RerankerFixture::request(std::move(query), std::move(documents));
}

std::vector<std::string> numbered(int count, const std::string& prefix = "document ") {
  std::vector<std::string> documents;
  documents.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    documents.push_back(prefix + std::to_string(i));
  }
  return documents;
}

TEST(Reranker, EveryDocumentGetsItsOwnScoreInInputOrder) {
  RerankerFixture fixture({}, 2);
  const auto documents = numbered(100);
  const RerankOutcome outcome = fixture.ask(request("query", documents));
  ASSERT_TRUE(outcome.result.ok()) << outcome.result.status().message();
  const RerankResponse& response = outcome.result.value();
  ASSERT_EQ(response.scores.size(), 100U);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    EXPECT_FLOAT_EQ(response.scores[i].logit, RerankerFixture::logit("query", documents[i]));
    EXPECT_FALSE(response.scores[i].truncated);
  }
  EXPECT_EQ(response.computed_pairs, 100);
  EXPECT_EQ(response.cached_pairs, 0);
  EXPECT_GT(response.computed_tokens, 100 * 10);
  EXPECT_EQ(fixture.tokenizer.query_calls(), 1);
}

TEST(Reranker, DuplicatesInOneRequestAreComputedOnce) {
  RerankerFixture fixture;
  const RerankOutcome outcome = fixture.ask(request("q", {"a", "b", "a", "a"}));
  const RerankResponse& response = outcome.result.value();
  EXPECT_EQ(fixture.executor.pairs(), 2);
  EXPECT_EQ(response.computed_pairs, 2);
  EXPECT_EQ(response.cached_pairs, 2);
  EXPECT_EQ(response.scores[0].logit, response.scores[2].logit);
  EXPECT_EQ(response.scores[0].logit, response.scores[3].logit);
  EXPECT_NE(response.scores[0].logit, response.scores[1].logit);
}

TEST(Reranker, NinetyNineKnownDocumentsAndOneNewComputeOnePair) {
  RerankerFixture fixture;
  auto documents = numbered(99);
  ASSERT_TRUE(fixture.ask(request("q", documents)).result.ok());
  EXPECT_EQ(fixture.executor.pairs(), 99);
  documents.emplace_back("one more");
  const RerankOutcome outcome = fixture.ask(request("q", documents));
  EXPECT_EQ(fixture.executor.pairs(), 100);
  EXPECT_EQ(outcome.result.value().computed_pairs, 1);
  EXPECT_EQ(outcome.result.value().cached_pairs, 99);
}

TEST(Reranker, AFullHitIsAnsweredWhileTheEngineIsStuck) {
  RerankerOptions options;
  options.max_parallel = 1;
  options.max_queue = 0;
  RerankerFixture fixture(options);
  ASSERT_TRUE(fixture.ask(request("q", {"a", "b"})).result.ok());
  fixture.gate.close();
  auto stuck = fixture.send(request("q", {"c"}));
  fixture.gate.wait_for_arrivals(2);
  EXPECT_TRUE(fixture.ask(request("q", {"b", "a"})).result.ok());
  const RerankOutcome refused = fixture.ask(request("q", {"a", "d"}));
  EXPECT_EQ(refused.result.status().code(), Code::kOverloaded);
  EXPECT_GE(refused.retry_after_s, 1);
  fixture.gate.open();
  EXPECT_TRUE(stuck.get().result.ok());
}

TEST(Reranker, WhatChangesTheInputIsPartOfTheKey) {
  RerankerFixture fixture;
  ASSERT_TRUE(fixture.ask(request("q", {"document"})).result.ok());
  RerankRequest capped = request("q", {"document"});
  capped.max_document_tokens = 3;
  ASSERT_TRUE(fixture.ask(capped).result.ok());
  RerankRequest left = request("q", {"document"});
  left.truncation_side = text::TruncationSide::kLeft;
  ASSERT_TRUE(fixture.ask(left).result.ok());
  RerankRequest shorter = request("q", {"document"});
  shorter.max_length = 100;
  ASSERT_TRUE(fixture.ask(shorter).result.ok());
  EXPECT_EQ(fixture.executor.pairs(), 4);
}

TEST(Reranker, TooLongIsRefusedFreshAndCached) {
  RerankerFixture fixture;
  const std::vector<std::string> documents = {"short", std::string(600, 'x')};
  RerankRequest strict = request("q", documents);
  strict.truncate = false;
  const RerankOutcome fresh = fixture.ask(strict);
  EXPECT_EQ(fresh.result.status().code(), Code::kUnprocessable);
  EXPECT_THAT(fresh.result.status().message(), HasSubstr("document 1"));
  const RerankOutcome cut = fixture.ask(request("q", documents));
  ASSERT_TRUE(cut.result.ok());
  EXPECT_TRUE(cut.result.value().scores[1].truncated);
  const int pairs = fixture.executor.pairs();
  const RerankOutcome cached = fixture.ask(strict);
  EXPECT_EQ(cached.result.status().code(), Code::kUnprocessable);
  EXPECT_THAT(cached.result.status().message(), HasSubstr("document 1"));
  EXPECT_EQ(fixture.executor.pairs(), pairs);
}

TEST(Reranker, ANonFinitePairFailsItsRequestNamesItsDocumentAndIsNotStored) {
  RerankerFixture fixture;
  const RerankOutcome outcome = fixture.ask(request("q", {"fine", "also fine", "bad!"}));
  EXPECT_EQ(outcome.result.status().code(), Code::kNonFinite);
  EXPECT_THAT(outcome.result.status().message(), HasSubstr("document 2"));
  EXPECT_EQ(fixture.ask(request("q", {"bad!"})).result.status().code(), Code::kNonFinite);
  EXPECT_EQ(fixture.metrics.nonfinite_total.Value(), 2);
  EXPECT_TRUE(fixture.ask(request("q", {"fine"})).result.ok());
}

TEST(Reranker, WhatCannotBeAskedIsRefusedAtOnce) {
  RerankerFixture fixture;
  EXPECT_EQ(fixture.ask(request("q", {})).result.status().code(), Code::kInvalidArgument);
  RerankRequest odd = request("q", {"a", "b", "c"});
  odd.queries = {"q", "r"};
  EXPECT_EQ(fixture.ask(odd).result.status().code(), Code::kInvalidArgument);
  RerankRequest tiny = request("q", {"a"});
  tiny.max_length = 3;
  EXPECT_EQ(fixture.ask(tiny).result.status().code(), Code::kInvalidArgument);
  RerankRequest late = request("q", {"a"});
  late.deadline = Deadline::after(fixture.clock, Duration::zero());
  EXPECT_EQ(fixture.ask(late).result.status().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(fixture.executor.pairs(), 0);
}

TEST(Reranker, OneQueryPerDocumentIsScoredPairByPair) {
  RerankerFixture fixture;
  RerankRequest pairs = request("", {"a", "b", "c"});
  pairs.queries = {"x", "x", "y"};
  const RerankOutcome outcome = fixture.ask(pairs);
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_FLOAT_EQ(outcome.result.value().scores[1].logit, RerankerFixture::logit("x", "b"));
  EXPECT_FLOAT_EQ(outcome.result.value().scores[2].logit, RerankerFixture::logit("y", "c"));
  EXPECT_EQ(fixture.tokenizer.query_calls(), 2);
}

TEST(Reranker, RequestsBeforeItIsReadyAreUnavailable) {
  RerankerFixture fixture;
  Reranker starting(fixture.reranker->model(),
                    fixture.tokenizer,
                    fixture.executor,
                    *fixture.shared,
                    fixture.metrics,
                    fixture.clock,
                    {});
  EXPECT_FALSE(starting.state().ready);
  Code code = Code::kOk;
  starting.rerank(request("q", {"a"}),
                  [&code](const RerankOutcome& outcome) { code = outcome.result.status().code(); });
  EXPECT_EQ(code, Code::kUnavailable);
}

TEST(Reranker, WithTheCacheOffEveryRequestIsComputed) {
  RerankerOptions options;
  options.cache_enabled = false;
  RerankerFixture fixture(options);
  ASSERT_TRUE(fixture.ask(request("q", {"a"})).result.ok());
  ASSERT_TRUE(fixture.ask(request("q", {"a"})).result.ok());
  EXPECT_EQ(fixture.executor.pairs(), 2);
  EXPECT_EQ(fixture.reranker->state().local_cache.entries, 0U);
}

TEST(Reranker, TheStateTellsWhatHappened) {
  RerankerFixture fixture;
  ASSERT_TRUE(fixture.ask(request("q", {"a", "b"})).result.ok());
  ASSERT_TRUE(fixture.ask(request("q", {"a"})).result.ok());
  const ServiceState state = fixture.reranker->state();
  EXPECT_TRUE(state.ready);
  EXPECT_EQ(state.queue.waiting, 0);
  EXPECT_EQ(state.queue.active, 0);
  EXPECT_EQ(state.queue.queued_tokens, 0);
  EXPECT_EQ(state.queue.max_parallel, 4);
  EXPECT_EQ(state.queue.max_queue, 512);
  EXPECT_EQ(state.local_cache.entries, 2U);
  EXPECT_EQ(state.local_cache.hits, 1U);
  EXPECT_EQ(state.local_cache.misses, 2U);
  EXPECT_FALSE(state.micro_batcher.enabled);
  EXPECT_EQ(fixture.metrics.pairs(metrics::PairSource::kComputed).Value(), 2);
  EXPECT_EQ(fixture.metrics.pairs(metrics::PairSource::kLocalCache).Value(), 1);
}

}  // namespace
}  // namespace rr::rerank
