#include "engine/self_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/executor_test_data.h"

namespace rr::engine {
namespace {

CpuExecutorOptions options_of(const Variant& variant) {
  CpuExecutorOptions options;
  options.isa = variant.isa;
  options.quantization = variant.quantization;
  options.mixed_precision = variant.mixed;
  return options;
}

TEST(SelfTest, PassesForEveryArithmetic) {
  const SystemClock clock;
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  for (const Variant& variant : all_variants()) {
    const auto executor = executor_of(model, variant);
    const Status status =
        self_test(*executor, model.spec, model.weights, options_of(variant), clock);
    EXPECT_TRUE(status.ok()) << variant.name() << ": " << status.message();
  }
}

TEST(SelfTest, PassesForAModelOfMoreLayersThanItRuns) {
  const SystemClock clock;
  const model::RandomModel model = model::make_random_model(odd_shape(), 7);
  for (const Variant& variant : best_variants()) {
    const auto executor = executor_of(model, variant);
    const Status status =
        self_test(*executor, model.spec, model.weights, options_of(variant), clock);
    EXPECT_TRUE(status.ok()) << variant.name() << ": " << status.message();
  }
}

TEST(SelfTest, AVocabularySmallerThanAnyPairIsNoObstacle) {
  model::ModelSpec shape = tiny_shape();
  shape.vocab_size = 11;
  shape.type_vocab_size = 1;
  shape.max_position_embeddings = 6;
  const model::RandomModel model = model::make_random_model(shape, 7);
  const SystemClock clock;
  const auto executor = executor_of(model, all_variants().front());
  EXPECT_TRUE(
      self_test(*executor, model.spec, model.weights, options_of(all_variants().front()), clock)
          .ok());
}

TEST(SelfTest, AModelWithoutFiniteScoresDoesNotPass) {
  model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto offset = model.weights.classifier.bias.data - model.memory.data();
  std::memcpy(model.memory.data() + offset, &nan, sizeof nan);
  const SystemClock clock;
  const auto executor = executor_of(model, all_variants().front());
  const Status status =
      self_test(*executor, model.spec, model.weights, options_of(all_variants().front()), clock);
  EXPECT_EQ(status.code(), Code::kNonFinite);
}

// No two arithmetics agree to the last bit: a tolerance of almost nothing stands for wrong kernels.
TEST(SelfTest, KernelsThatDisagreeDoNotPass) {
  const Variant best{std::string(kernels::isa_name(kernels::best_isa())), "none"};
  if (best.isa == "generic") {
    GTEST_SKIP() << "this CPU has nothing but the generic kernels to compare";
  }
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const SystemClock clock;
  const auto executor = executor_of(model, best);
  const Status status = self_test(
      *executor, model.spec, model.weights, options_of(best), clock, Tolerance{1e-9, 1e-9});
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_NE(status.message().find("generic-fp32"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace rr::engine
