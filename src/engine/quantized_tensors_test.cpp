#include "engine/quantized_tensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors_writer.h"
#include "engine/executor_test_data.h"
#include "model/fake_model.h"

namespace rr::engine {
namespace {

const std::vector<std::string> kKept = {"bert.embeddings.word_embeddings",
                                        "bert.encoder.layer.0.attention.self.query",
                                        "bert.encoder.layer.0.attention.self.key",
                                        "bert.encoder.layer.0.attention.self.value",
                                        "bert.encoder.layer.0.output.dense",
                                        "bert.encoder.layer.1.attention.output.dense",
                                        "bert.encoder.layer.1.intermediate.dense"};

struct Written {
  std::shared_ptr<const checkpoint::Checkpoint> checkpoint;
  model::RandomModel model;
};

// The model as a quantised checkpoint on disk, opened again.
Written write_and_read(const model::RandomModel& source, Quantization dtype) {
  const auto dir = std::filesystem::path(testing::TempDir()) / "quantized_tensors";
  std::filesystem::create_directories(dir);
  const auto quantized = quantize_tensors(source.spec, source.weights, dtype);
  EXPECT_TRUE(quantized.ok()) << quantized.status().message();
  EXPECT_TRUE(checkpoint::write_safetensors(dir / "model.safetensors", quantized->tensors).ok());
  JsonText entry;
  entry.open_object().key("version").number(1).key("dtype").string(quantization_name(dtype));
  entry.key("biases_folded").boolean(true).key("kept_bf16").open_array();
  for (const std::string& name : source.spec.kept_bf16) {
    entry.string(name);
  }
  entry.close_array().close_object();
  checkpoint::write_file(
      dir / "config.json",
      model::fake_config(source.spec, "\"rerankd_quantization\":" + entry.text()));
  auto opened = checkpoint::Checkpoint::open(dir);
  EXPECT_TRUE(opened.ok()) << opened.status().message();
  Written written{*opened, {*model::bert_spec(**opened), {}, {}}};
  auto weights = model::bert_weights(written.model.spec, *written.checkpoint);
  EXPECT_TRUE(weights.ok()) << weights.status().message();
  written.model.weights = *weights;
  written.model.spec.first_token_id = source.spec.first_token_id;
  return written;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& logits) {
  std::vector<std::uint32_t> bits(logits.size());
  std::memcpy(bits.data(), logits.data(), logits.size() * sizeof(float));
  return bits;
}

TEST(QuantizedTensors, ALoadScoresBitForBitAsTheFloatModelUnderTheSameDecision) {
  for (const std::vector<std::string>& kept : {std::vector<std::string>{}, kKept}) {
    model::RandomModel model = model::make_random_model(bert_shape(2, 66, 3, 75), 7);
    model.spec.first_token_id = 101;
    model.spec.kept_bf16 = kept;
    const TestBatch batch = batch_of(random_pairs(model.spec, {4, 33, 90}, 100));
    for (const Quantization dtype : {Quantization::kInt8, Quantization::kBf16}) {
      const Written written = write_and_read(model, dtype);
      for (const Variant& variant : all_variants()) {
        if (variant.quantization != quantization_name(dtype)) {
          continue;
        }
        EXPECT_EQ(bits_of(score_all(*executor_of(model, variant), 0, batch)),
                  bits_of(score_all(*executor_of(written.model, variant), 0, batch)))
            << variant.name() << " with " << kept.size() << " kept";
      }
    }
  }
}

TEST(QuantizedTensors, EveryOtherDtypeTakesAQuantisedCheckpointToo) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const TestBatch batch = batch_of(random_pairs(model.spec, {4, 33, 90}, 100));
  const Written written = write_and_read(model, Quantization::kInt8);
  const auto exact = score_all(*executor_of(model, {"generic", "none"}), 0, batch);
  for (const Variant& variant : all_variants()) {
    const auto logits = score_all(*executor_of(written.model, variant), 0, batch);
    for (std::size_t pair = 0; pair < exact.size(); ++pair) {
      EXPECT_NEAR(exact[pair], logits[pair], 1.0) << variant.name();
    }
  }
}

TEST(QuantizedTensors, KeptMatricesBringTheScoreCloserAndTakeMoreMemory) {
  model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const TestBatch batch = batch_of(random_pairs(model.spec, {20, 40, 60, 80, 100, 120}, 100));
  const auto exact = score_all(*executor_of(model, {"generic", "none"}), 0, batch);
  const auto error_of = [&](const Executor& executor, const std::vector<float>& logits) {
    double sum = 0;
    for (std::size_t pair = 0; pair < exact.size(); ++pair) {
      sum += std::abs(exact[pair] - logits[pair]);
    }
    return std::pair(sum, executor.info().weight_bytes);
  };
  for (const Variant& variant : all_variants()) {
    if (variant.quantization != "int8") {
      continue;
    }
    model.spec.kept_bf16 = {};
    const auto all_int8 = executor_of(model, variant);
    const auto before = error_of(*all_int8, score_all(*all_int8, 0, batch));
    for (const auto& unit : model::bert_matrix_units(model.spec)) {
      model.spec.kept_bf16.insert(model.spec.kept_bf16.end(), unit.begin(), unit.end());
    }
    const auto all_kept = executor_of(model, variant);
    const auto after = error_of(*all_kept, score_all(*all_kept, 0, batch));
    EXPECT_LT(after.first, before.first) << variant.name();
    EXPECT_GT(after.second, before.second) << variant.name();
    EXPECT_NE(all_kept->info().numerics, all_int8->info().numerics);
  }
}

TEST(QuantizedTensors, AQuantisedModelIsNotQuantisedAgain) {
  const model::RandomModel model = model::make_random_model(tiny_shape(), 7);
  const Written written = write_and_read(model, Quantization::kInt8);
  EXPECT_EQ(quantize_tensors(written.model.spec, written.model.weights, Quantization::kInt8)
                .status()
                .code(),
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace rr::engine
