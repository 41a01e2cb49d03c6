#include "engine/fold_biases.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/executor_test_data.h"

namespace rr::engine {
namespace {

constexpr TokenId kFirstToken = 101;  // of every random pair

std::vector<float> values_of(const checkpoint::TensorView& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  checkpoint::read_floats(tensor, 0, values);
  return values;
}

bool is_zero(const checkpoint::TensorView& tensor) {
  const auto values = values_of(tensor);
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
}

model::RandomModel folded_model(const model::RandomModel& model, FoldedModel& folded) {
  auto made = fold_biases(model.spec, model.weights);
  EXPECT_TRUE(made.ok()) << made.status().message();
  folded = std::move(made).value();
  return {model.spec, folded.weights, {}};
}

TEST(FoldBiases, TheModelStaysTheSameFunction) {
  for (const int first_token : {-1, kFirstToken}) {
    model::RandomModel model = model::make_random_model(odd_shape(), 7);
    model.spec.first_token_id = first_token;
    FoldedModel folded;
    const model::RandomModel moved = folded_model(model, folded);
    const TestBatch batch = batch_of(random_pairs(model.spec, {4, 33, 90}, 100));
    const Variant exact{"generic", "none"};
    const auto before = score_all(*executor_of(model, exact), 0, batch);
    const auto after = score_all(*executor_of(moved, exact), 0, batch);
    for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
      EXPECT_NEAR(before[pair], after[pair], 1e-4) << "first token " << first_token;
    }
  }
}

TEST(FoldBiases, NormsKeysAndValuesHaveNoBiasLeft) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  FoldedModel folded;
  folded_model(model, folded);
  EXPECT_TRUE(is_zero(folded.weights.embedding_norm.bias));
  for (const model::Block& block : folded.weights.blocks) {
    EXPECT_TRUE(is_zero(block.key.bias));
    EXPECT_TRUE(is_zero(block.value.bias));
    EXPECT_TRUE(is_zero(block.attention_norm.bias));
    EXPECT_TRUE(is_zero(block.output_norm.bias));
    EXPECT_FALSE(is_zero(block.query.bias));
    EXPECT_FALSE(is_zero(block.attention_output.bias));
  }
  EXPECT_FALSE(is_zero(model.weights.blocks[0].key.bias));  // what was given is untouched
}

TEST(FoldBiases, FoldingAgainChangesNoBit) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  FoldedModel once;
  FoldedModel twice;
  folded_model(folded_model(model, once), twice);
  EXPECT_EQ(values_of(once.weights.pooler.bias), values_of(twice.weights.pooler.bias));
  for (std::size_t layer = 0; layer < once.weights.blocks.size(); ++layer) {
    const model::Block& first = once.weights.blocks[layer];
    const model::Block& second = twice.weights.blocks[layer];
    EXPECT_EQ(values_of(first.query.bias), values_of(second.query.bias));
    EXPECT_EQ(values_of(first.attention_output.bias), values_of(second.attention_output.bias));
    EXPECT_EQ(values_of(first.intermediate.bias), values_of(second.intermediate.bias));
    EXPECT_EQ(values_of(first.output.bias), values_of(second.output.bias));
  }
}

TEST(FoldBiases, ATensorOfAnotherShapeIsNamed) {
  model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  model.weights.blocks[1].value.bias.shape = {63};
  const auto folded = fold_biases(model.spec, model.weights);
  EXPECT_EQ(folded.status().code(), Code::kInvalidArgument);
  EXPECT_NE(folded.status().message().find("layer.1.attention.self.value.bias"), std::string::npos)
      << folded.status().message();
}

}  // namespace
}  // namespace rr::engine
