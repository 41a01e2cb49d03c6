#include "model/memory_need.h"

#include <gtest/gtest.h>

#include "model/fake_model.h"

namespace rr::model {
namespace {

ModelSpec minilm_l6() {
  ModelSpec spec;
  spec.family = "bert";
  spec.hidden_size = 384;
  spec.num_attention_heads = 12;
  spec.intermediate_size = 1536;
  spec.num_hidden_layers = 6;
  spec.vocab_size = 30522;
  spec.max_position_embeddings = 512;
  spec.type_vocab_size = 2;
  return spec;
}

TEST(MemoryNeed, CountsTheParametersThatTheHubStates) {
  EXPECT_EQ(parameter_count(minilm_l6()), 22'713'601);  // cross-encoder/ms-marco-MiniLM-L-6-v2
}

TEST(MemoryNeed, HalvesAndQuartersTheMatrices) {
  const std::int64_t full = weight_bytes(minilm_l6(), WeightFormat::kFloat32);
  const std::int64_t half = weight_bytes(minilm_l6(), WeightFormat::kBFloat16);
  const std::int64_t quarter = weight_bytes(minilm_l6(), WeightFormat::kInt8);
  EXPECT_EQ(full, 4 * parameter_count(minilm_l6()));
  EXPECT_GT(half, full / 2);
  EXPECT_LT(half, full * 51 / 100);
  EXPECT_GT(quarter, full / 4);
  EXPECT_LT(quarter, full * 27 / 100);
}

TEST(MemoryNeed, ThreePartsMakeTheMatricesOfTheBlocksHalfAsLargeAgain) {
  const ModelSpec spec = minilm_l6();
  const std::int64_t full = weight_bytes(spec, WeightFormat::kFloat32);
  const std::int64_t h = spec.hidden_size;
  const std::int64_t of_blocks =
      spec.num_hidden_layers * (4 * h * h + 2 * h * std::int64_t{spec.intermediate_size});
  EXPECT_EQ(weight_bytes(spec, WeightFormat::kFloat32AsBFloat16x3), full + 2 * of_blocks);
}

TEST(MemoryNeed, KnowsTheOptionsNames) {
  EXPECT_EQ(weight_format_from_name("none").value(), WeightFormat::kFloat32);
  EXPECT_EQ(weight_format_from_name("fp32").value(), WeightFormat::kFloat32);
  EXPECT_EQ(weight_format_from_name("bf16").value(), WeightFormat::kBFloat16);
  EXPECT_EQ(weight_format_from_name("int8").value(), WeightFormat::kInt8);
  EXPECT_EQ(weight_format_from_name("int4").status().code(), Code::kInvalidArgument);
}

TEST(MemoryNeed, ShowsSizesForPeople) {
  EXPECT_EQ(shown_bytes(90'854'404), "90.9 MB");
  EXPECT_EQ(shown_bytes(1'340'000'000), "1.34 GB");
}

}  // namespace
}  // namespace rr::model
