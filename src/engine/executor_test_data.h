// Shapes and batches that the executor's tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/cpu_executor.h"
#include "model/random_model.h"

namespace rr::engine {

inline model::ModelSpec bert_shape(int layers, int hidden, int heads, int inner) {
  model::ModelSpec spec;
  spec.family = "bert";
  spec.hidden_size = hidden;
  spec.num_attention_heads = heads;
  spec.intermediate_size = inner;
  spec.num_hidden_layers = layers;
  spec.vocab_size = 3000;
  spec.max_position_embeddings = 512;
  spec.type_vocab_size = 2;
  return spec;
}

inline model::ModelSpec tiny_shape() {
  return bert_shape(2, 64, 2, 128);
}
inline model::ModelSpec odd_shape() {
  return bert_shape(3, 320, 5, 1280);
}
inline model::ModelSpec minilm_shape() {
  return bert_shape(6, 384, 12, 1536);
}
inline model::ModelSpec bert_base_shape() {
  return bert_shape(12, 768, 12, 3072);
}

// Pairs laid end to end, with room for their logits.
struct TestBatch {
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
  std::vector<int> cu_seqlens = {0};

  void add(const model::RandomPair& pair) {
    input_ids.insert(input_ids.end(), pair.input_ids.begin(), pair.input_ids.end());
    token_type_ids.insert(
        token_type_ids.end(), pair.token_type_ids.begin(), pair.token_type_ids.end());
    cu_seqlens.push_back(static_cast<int>(input_ids.size()));
  }
  PackedBatch view() const { return {input_ids, token_type_ids, cu_seqlens}; }
  std::size_t pairs() const { return cu_seqlens.size() - 1; }
};

inline std::vector<model::RandomPair> random_pairs(const model::ModelSpec& spec,
                                                   const std::vector<int>& lengths,
                                                   std::uint64_t seed) {
  std::vector<model::RandomPair> pairs;
  pairs.reserve(lengths.size());
  for (const int length : lengths) {
    pairs.push_back(model::make_random_pair(length, spec.vocab_size, seed + pairs.size()));
  }
  return pairs;
}

inline TestBatch batch_of(std::span<const model::RandomPair> pairs) {
  TestBatch batch;
  for (const model::RandomPair& pair : pairs) {
    batch.add(pair);
  }
  return batch;
}

// An instruction set, a quantization and mixed precision or not, as options name them.
struct Variant {
  std::string isa;
  std::string quantization;
  MixedPrecision mixed = MixedPrecision::kOff;

  Arithmetic arithmetic() const {
    return choose_arithmetic(
        *kernels::isa_from_name(isa), *quantization_from_name(quantization), mixed);
  }
  std::string name() const {
    return isa + " " + quantization + (mixed == MixedPrecision::kOn ? " mixed" : "");
  }
};

// Every variant that this machine runs.
inline std::vector<Variant> all_options() {
  std::vector<Variant> variants;
  for (const kernels::Isa isa : kernels::available_isas()) {
    for (const char* quantization : {"none", "bf16", "int8"}) {
      for (const MixedPrecision mixed : {MixedPrecision::kOff, MixedPrecision::kOn}) {
        variants.push_back({std::string(kernels::isa_name(isa)), quantization, mixed});
      }
    }
  }
  return variants;
}

// One of each numerics id.
inline std::vector<Variant> all_variants() {
  std::vector<Variant> variants;
  std::set<std::string> seen;
  for (const Variant& variant : all_options()) {
    if (seen.insert(variant.arithmetic().numerics).second) {
      variants.push_back(variant);
    }
  }
  return variants;
}

// Those of the best instruction set, for tests whose cost is in making executors.
inline std::vector<Variant> best_variants() {
  const std::string best(kernels::isa_name(kernels::best_isa()));
  return {{best, "none"}, {best, "bf16"}, {best, "int8"}};
}

inline std::unique_ptr<Executor> executor_of(const model::RandomModel& model,
                                             const Variant& variant,
                                             int threads = 1) {
  CpuExecutorOptions options;
  options.threads = threads;
  options.isa = variant.isa;
  options.quantization = variant.quantization;
  options.mixed_precision = variant.mixed;
  auto made = make_cpu_executor(model.spec, model.weights, options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(made).value();
}

inline std::vector<float> score_all(Executor& executor, int worker, const TestBatch& batch) {
  std::vector<float> logits(batch.pairs());
  const Status status = executor.score(worker, batch.view(), logits);
  EXPECT_TRUE(status.ok()) << status.message();
  return logits;
}

}  // namespace rr::engine
