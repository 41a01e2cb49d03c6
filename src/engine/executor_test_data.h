// Shapes and batches that the executor's tests share.
#pragma once

#include <cstdint>
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

}  // namespace rr::engine
