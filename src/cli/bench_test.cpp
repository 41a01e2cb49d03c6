#include "cli/bench.h"

#include <gtest/gtest.h>

#include <atomic>

namespace rr::cli {
namespace {

// 2·(4·384² + 2·384·1536) + 4·128·384 a token and layer, 128 tokens, 6 layers: 2.87 GFLOP.
TEST(Bench, FlopsOfAPairAreThoseOfTheModelUnpruned) {
  const auto minilm = shape_by_name("minilm-l6");
  ASSERT_TRUE(minilm.ok());
  EXPECT_NEAR(pair_flops(*minilm, 128), 2.87e9, 0.005e9);
  EXPECT_NEAR(pair_flops(*minilm, 512), 13.3e9, 0.05e9);
  EXPECT_NEAR(pair_flops(*shape_by_name("bert-base"), 128), 22.4e9, 0.05e9);
  EXPECT_NEAR(pair_flops(*shape_by_name("bert-large"), 512), 335e9, 0.5e9);
}

TEST(Bench, AnUnknownShapeIsRefused) {
  EXPECT_EQ(shape_by_name("bert-huge").status().code(), Code::kInvalidArgument);
}

TEST(Bench, EveryThreadRunsOnce) {
  std::atomic<int> sum = 0;
  run_on_threads(4, [&sum](int thread) { sum += 1 << thread; });
  EXPECT_EQ(sum, 0b1111);
}

}  // namespace
}  // namespace rr::cli
