#include "checkpoint/model_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/json_fields.h"
#include "checkpoint/mapped_file.h"

namespace rr::checkpoint {

namespace {

// Far above any model, low enough that a product of two fits 64 bits with room to spare.
constexpr IntegerRange kExtent{1, 1 << 20};
constexpr IntegerRange kRows{1, 1 << 26};
constexpr std::size_t kConfigBytesMax = std::size_t{4} << 20;

Status check_values(std::string_view origin, const ModelConfig& config) {
  if (config.hidden_size % config.num_attention_heads != 0) {
    return Status(Code::kCorrupt,
                  fmt::format("[{}] hidden_size {} is no multiple of num_attention_heads {}",
                              origin,
                              config.hidden_size,
                              config.num_attention_heads));
  }
  if (config.layer_norm_eps && !(*config.layer_norm_eps > 0 && *config.layer_norm_eps < 1)) {
    return Status(Code::kCorrupt,
                  fmt::format("[{}] layer_norm_eps: wants a number between 0 and 1, file has {}",
                              origin,
                              *config.layer_norm_eps));
  }
  return {};
}

}  // namespace

Result<ModelConfig> parse_model_config(std::string_view origin, std::string_view json) {
  RR_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::parse(origin, json));
  ModelConfig config;
  config.model_type = fields.string("model_type").value_or("");
  config.architectures = fields.strings("architectures");
  config.hidden_size = fields.required_integer("hidden_size", kExtent);
  config.num_attention_heads = fields.required_integer("num_attention_heads", kExtent);
  config.intermediate_size = fields.required_integer("intermediate_size", kExtent);
  config.num_hidden_layers = fields.required_integer("num_hidden_layers", {1, 1000});
  config.vocab_size = fields.required_integer("vocab_size", kRows);
  config.max_position_embeddings = fields.required_integer("max_position_embeddings", kRows);
  config.type_vocab_size = fields.integer("type_vocab_size", kExtent);
  config.layer_norm_eps = fields.number("layer_norm_eps");
  config.hidden_act = fields.string("hidden_act");
  config.position_embedding_type = fields.string("position_embedding_type");
  config.num_labels = fields.integer("num_labels", {0, kExtent.most});
  if (const std::optional<std::size_t> labels = fields.entry_count("id2label")) {
    config.num_labels = static_cast<int>(std::min<std::size_t>(*labels, kExtent.most));
  }
  config.is_decoder = fields.boolean("is_decoder").value_or(false);
  config.is_quantized = fields.has("quantization_config");
  const std::optional<std::string> quantization = fields.object_text(kQuantizationKey);
  config.activation_fn = fields.string_in("sentence_transformers", "activation_fn");
  if (!config.activation_fn) {
    config.activation_fn = fields.string("sbert_ce_default_activation_function");
  }
  RR_RETURN_IF_ERROR(fields.status());
  RR_RETURN_IF_ERROR(check_values(origin, config));
  if (quantization) {
    RR_ASSIGN_OR_RETURN(config.quantization, parse_quantization(*quantization));
  }
  return config;
}

Result<std::optional<int>> parse_max_seq_length(std::string_view origin, std::string_view json) {
  RR_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::parse(origin, json));
  const std::optional<int> length = fields.integer("max_seq_length", kRows);
  RR_RETURN_IF_ERROR(fields.status());
  return length;
}

Result<ModelConfig> read_model_config(const std::filesystem::path& dir) {
  RR_ASSIGN_OR_RETURN(const std::string json,
                      read_small_file(dir / "config.json", kConfigBytesMax));
  return parse_model_config("config.json", json);
}

Result<std::optional<int>> read_max_seq_length(const std::filesystem::path& dir) {
  std::optional<int> least;
  for (const std::string name :
       {"sentence_bert_config.json", "config_sentence_transformers.json"}) {
    const Result<std::string> json = read_small_file(dir / name, kConfigBytesMax);
    if (json.status().code() == Code::kNotFound) {
      continue;
    }
    RR_RETURN_IF_ERROR(json.status());
    RR_ASSIGN_OR_RETURN(const std::optional<int> length, parse_max_seq_length(name, *json));
    if (length) {
      least = std::min(*length, least.value_or(*length));
    }
  }
  return least;
}

}  // namespace rr::checkpoint
