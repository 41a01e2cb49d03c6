// Every arithmetic against BERT in double precision, on the shapes that have tails: a tiny one, one
// whose sizes are no multiple of a vector, and the two that people use.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/executor_test_data.h"
#include "engine/tolerances.h"
#include "tests/reference/bert_reference.h"

namespace rr::engine {
namespace {

struct Expected {
  model::RandomModel model;
  TestBatch batch;
  std::vector<double> logits;
};

Expected expect(const model::ModelSpec& shape, const std::vector<int>& lengths) {
  Expected expected{model::make_random_model(shape, 7), {}, {}};
  for (const auto& pair : random_pairs(shape, lengths, 100)) {
    expected.batch.add(pair);
    expected.logits.push_back(reference::bert_logit(
        expected.model.spec, expected.model.weights, pair.input_ids, pair.token_type_ids));
  }
  return expected;
}

void compare(const Expected& expected, const std::vector<Variant>& variants = all_variants()) {
  for (const Variant& variant : variants) {
    const auto executor = executor_of(expected.model, variant);
    const std::vector<float> logits = score_all(*executor, 0, expected.batch);
    std::vector<double> errors;
    for (std::size_t pair = 0; pair < logits.size(); ++pair) {
      errors.push_back(std::fabs(logits[pair] - expected.logits[pair]));
    }
    const double largest = *std::max_element(errors.begin(), errors.end());
    const Quantization quantization = *quantization_from_name(variant.quantization);
    EXPECT_LE(largest, tolerance_of(quantization, variant.mixed).largest) << variant.name();
    std::printf("  %-24s %-22s max |dlogit| %.2e\n",
                variant.name().c_str(),
                executor->info().numerics.c_str(),
                largest);
  }
}

TEST(Reference, TinyShape) {
  compare(expect(tiny_shape(), {4, 5, 16, 17, 31, 33, 64, 97, 128, 200}));
}

TEST(Reference, OddShapeOfFiveHeads) {
  compare(expect(odd_shape(), {4, 7, 33, 65}));
}

// Long enough that a chunk holds one pair and strips of scores exceed any tile.
TEST(Reference, LongPairs) {
  model::ModelSpec shape = bert_shape(2, 32, 1, 64);
  shape.max_position_embeddings = 1100;
  compare(expect(shape, {512, 511, 1100}));
}

TEST(Reference, MiniLmShape) {
  const Expected expected = expect(minilm_shape(), {4, 9, 30});
  compare(expected);
  const auto [least, most] = std::minmax_element(expected.logits.begin(), expected.logits.end());
  EXPECT_GT(*most - *least, 1) << "logits this alike would hide errors";
}

TEST(Reference, BertBaseShape) {
  std::vector<Variant> variants = best_variants();
  variants.push_back({"generic", "none"});
  compare(expect(bert_base_shape(), {5}), variants);
}

TEST(Reference, TanhGeluAndRelu) {
  model::ModelSpec shape = tiny_shape();
  shape.activation = model::Activation::kGeluTanh;
  compare(expect(shape, {4, 50}));
  shape.activation = model::Activation::kRelu;
  compare(expect(shape, {4, 50}));
}

TEST(Reference, HeadAndInnerSizesThatFillNoVector) {
  compare(expect(bert_shape(2, 66, 3, 75), {4, 19, 70}));
}

}  // namespace
}  // namespace rr::engine
