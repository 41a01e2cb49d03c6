#include "engine/cpu_executor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/executor_test_data.h"
#include "tests/reference/bert_reference.h"

namespace rr::engine {
namespace {

std::unique_ptr<Executor> executor_of(const model::RandomModel& model,
                                      const CpuExecutorOptions& options) {
  auto made = make_cpu_executor(model.spec, model.weights, options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(made).value();
}

TEST(CpuExecutor, AgreesWithTheDoublePrecisionReference) {
  for (const auto& shape : {tiny_shape(), odd_shape()}) {
    const model::RandomModel model = model::make_random_model(shape, 7);
    const auto pairs = random_pairs(shape, {4, 17, 33, 64, 97}, 100);
    const TestBatch batch = batch_of(pairs);
    std::vector<double> expected;
    for (const auto& pair : pairs) {
      expected.push_back(
          reference::bert_logit(model.spec, model.weights, pair.input_ids, pair.token_type_ids));
    }
    for (const kernels::Isa isa : kernels::available_isas()) {
      CpuExecutorOptions options;
      options.isa = kernels::isa_name(isa);
      const auto executor = executor_of(model, options);
      std::vector<float> logits(batch.pairs());
      ASSERT_TRUE(executor->score(0, batch.view(), logits).ok());
      for (std::size_t pair = 0; pair < logits.size(); ++pair) {
        EXPECT_NEAR(logits[pair], expected[pair], 1e-4) << options.isa << " pair " << pair;
      }
    }
  }
}

}  // namespace
}  // namespace rr::engine
