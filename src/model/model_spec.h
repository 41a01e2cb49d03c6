// A model is data: ModelSpec says what to compute, ModelWeights with which tensors. One file per
// family fills both from the Hugging Face config and tensor names; executors run any spec and know
// no family. Adding a model adds no kernel. Dimension letters: tensor/dims.h. Values; immutable
// once loaded; the weights' views live as long as the Checkpoint.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_view.h"

namespace rr::model {

enum class Activation { kGeluErf, kGeluTanh, kRelu };

// BertForSequenceClassification and its like: absolute positions, post-norm blocks, [CLS] pooling,
// tanh pooler, one label.
struct ModelSpec {
  std::string family;               // "bert"
  int hidden_size = 0;              // H
  int num_attention_heads = 0;      // N; D = H / N
  int intermediate_size = 0;        // I
  int num_hidden_layers = 0;        // L
  int vocab_size = 0;               // V
  int max_position_embeddings = 0;  // longest pair the position table allows
  int type_vocab_size = 0;
  int first_token_id = -1;  // the token that every pair starts with ([CLS]); -1: not known
  float layer_norm_eps = 1e-12F;
  Activation activation = Activation::kGeluErf;
  // Matrices, by name without ".weight", that an int8 engine keeps in bf16 because they hurt the
  // ranking; a recorded decision (checkpoint/quantization.h). Of query, key and value all or none.
  std::vector<std::string> kept_bf16;
  bool biases_folded = false;  // engine/fold_biases.h was applied before the file was written

  int head_size() const { return hidden_size / num_attention_heads; }
  bool keeps_bf16(std::string_view weight_name) const {
    constexpr std::string_view kWeight = ".weight";
    return weight_name.ends_with(kWeight) &&
           std::find(kept_bf16.begin(),
                     kept_bf16.end(),
                     weight_name.substr(0, weight_name.size() - kWeight.size())) != kept_bf16.end();
  }
};

struct Linear {
  checkpoint::TensorView weight;  // [out,in]
  checkpoint::TensorView bias;    // [out]
};

struct LayerNorm {
  checkpoint::TensorView weight;  // [H]
  checkpoint::TensorView bias;    // [H]
};

struct Block {
  Linear query, key, value;  // [H,H]
  Linear attention_output;   // [H,H]
  LayerNorm attention_norm;
  Linear intermediate;  // [I,H]
  Linear output;        // [H,I]
  LayerNorm output_norm;
};

struct ModelWeights {
  checkpoint::TensorView word_embeddings;        // [V,H]
  checkpoint::TensorView position_embeddings;    // [max_position_embeddings,H]
  checkpoint::TensorView token_type_embeddings;  // [type_vocab_size,H]
  LayerNorm embedding_norm;
  std::vector<Block> blocks;  // [L]
  Linear pooler;              // [H,H], tanh
  Linear classifier;          // [1,H]
};

}  // namespace rr::model
