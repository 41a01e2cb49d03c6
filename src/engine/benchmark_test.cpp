#include "engine/benchmark.h"

#include <gtest/gtest.h>

#include "engine/executor_test_data.h"

namespace rr::engine {
namespace {

TEST(Benchmark, CountsUnprunedOperations) {
  // MiniLM-L6 at 128 and 512 tokens: 2.87 and 13.3 GFLOP a pair.
  EXPECT_NEAR(unpruned_flops(minilm_shape(), 128, 1) / 1e9, 2.87, 0.01);
  EXPECT_NEAR(unpruned_flops(minilm_shape(), 512, 2) / 2e9, 13.3, 0.05);
}

TEST(Benchmark, ReportsWhatRanAndConsistentRates) {
  BenchOptions options;
  options.executor.threads = 2;
  options.tokens = 16;
  options.pairs = 6;
  options.rounds = 2;
  options.seconds_max = 1;
  const SystemClock clock;
  const auto result = run_engine_bench(tiny_shape(), options, clock);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->threads, 2);
  EXPECT_EQ(result->isa, kernels::isa_name(kernels::best_isa()));
  EXPECT_GT(result->pairs_per_s, 0);
  EXPECT_NEAR(result->tokens_per_s / result->pairs_per_s, 16, 1e-6);
  EXPECT_GT(result->peak_gflops, 0);
  EXPECT_GT(result->rss_bytes, 0U);
  EXPECT_NE(result->json().find("\"share_of_peak\":"), std::string::npos);
}

TEST(Benchmark, RefusesWhatCannotBeMeasured) {
  BenchOptions options;
  options.tokens = 513;
  const SystemClock clock;
  EXPECT_EQ(run_engine_bench(tiny_shape(), options, clock).status().code(), Code::kInvalidArgument);
  options.tokens = 3;
  EXPECT_EQ(run_engine_bench(tiny_shape(), options, clock).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(bench_shape("gpt-5").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(bench_shape("minilm-l6")->hidden_size, 384);
}

}  // namespace
}  // namespace rr::engine
