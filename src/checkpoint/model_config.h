// config.json of a Hugging Face checkpoint, and the files that sentence-transformers puts beside
// it, as plain values: every field checked by hand for kind and range, so that nothing above
// multiplies hostile numbers. It says what the files say; whether a family can use it is decided in
// model/. Source: transformers PretrainedConfig and BertConfig; sentence_transformers CrossEncoder.
// Pure values; thread-safe. Tested by model_config_test.cpp, fuzzed by safetensors_fuzz.cpp.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checkpoint/quantization.h"

namespace rr::checkpoint {

struct ModelConfig {
  std::string model_type;                  // "bert"
  std::vector<std::string> architectures;  // {"BertForSequenceClassification"}; may be empty
  int hidden_size = 0;
  int num_attention_heads = 0;  // divides hidden_size
  int intermediate_size = 0;
  int num_hidden_layers = 0;
  int vocab_size = 0;
  int max_position_embeddings = 0;
  std::optional<int> type_vocab_size;
  std::optional<double> layer_norm_eps;  // inside (0, 1)
  std::optional<std::string> hidden_act;
  std::optional<std::string> position_embedding_type;
  std::optional<int> num_labels;  // entries of id2label, else num_labels
  bool is_decoder = false;
  bool is_quantized = false;  // quantization_config: weights of a scheme unknown here
  std::optional<QuantizationEntry> quantization;  // rerankd_quantization
  // sentence_transformers.activation_fn, else sbert_ce_default_activation_function: a dotted class
  // name of Python.
  std::optional<std::string> activation_fn;
};

// `origin` names the file in messages. kCorrupt with one line.
Result<ModelConfig> parse_model_config(std::string_view origin, std::string_view json);

// max_seq_length of one sentence-transformers file; nothing when it is not stated.
Result<std::optional<int>> parse_max_seq_length(std::string_view origin, std::string_view json);

Result<ModelConfig> read_model_config(const std::filesystem::path& dir);

// The least max_seq_length in sentence_bert_config.json and config_sentence_transformers.json.
Result<std::optional<int>> read_max_seq_length(const std::filesystem::path& dir);

}  // namespace rr::checkpoint
