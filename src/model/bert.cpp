#include "model/bert.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace rr::model {

namespace {

// Collects the slots of one model; paths are dotted as in transformers' state_dict.
struct SlotList {
  std::vector<TensorSlot> slots;

  void tensor(std::string name, std::vector<std::int64_t> shape, checkpoint::TensorView& view) {
    slots.push_back({std::move(name), std::move(shape), &view});
  }
  void linear(const std::string& path, std::int64_t out, std::int64_t in, Linear& linear) {
    tensor(path + ".weight", {out, in}, linear.weight);
    tensor(path + ".bias", {out}, linear.bias);
  }
  void norm(const std::string& path, std::int64_t hidden, LayerNorm& norm) {
    tensor(path + ".weight", {hidden}, norm.weight);
    tensor(path + ".bias", {hidden}, norm.bias);
  }
};

void add_block(SlotList& list, const std::string& path, const ModelSpec& spec, Block& block) {
  const std::int64_t hidden = spec.hidden_size;
  const std::int64_t intermediate = spec.intermediate_size;
  list.linear(path + ".attention.self.query", hidden, hidden, block.query);
  list.linear(path + ".attention.self.key", hidden, hidden, block.key);
  list.linear(path + ".attention.self.value", hidden, hidden, block.value);
  list.linear(path + ".attention.output.dense", hidden, hidden, block.attention_output);
  list.norm(path + ".attention.output.LayerNorm", hidden, block.attention_norm);
  list.linear(path + ".intermediate.dense", intermediate, hidden, block.intermediate);
  list.linear(path + ".output.dense", hidden, intermediate, block.output);
  list.norm(path + ".output.LayerNorm", hidden, block.output_norm);
}

constexpr std::string_view kWanted =
    "wants a cross-encoder (BertForSequenceClassification, 1 label)";

Status unsupported(std::string_view why) {
  return Status(Code::kUnsupported, fmt::format("[model] {}; {}", why, kWanted));
}

// transformers' ACT2FN names; `gelu` there is the exact one with erf.
Result<Activation> activation_from_name(std::string_view name) {
  if (name == "gelu") {
    return Activation::kGeluErf;
  }
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") {
    return Activation::kGeluTanh;
  }
  if (name == "relu") {
    return Activation::kRelu;
  }
  return Status(Code::kUnsupported,
                fmt::format("[config.json] hidden_act {} is none of gelu, gelu_new, "
                            "gelu_pytorch_tanh, relu",
                            checkpoint::shown_name(name)));
}

// The architecture's own word first, then the tensors', since either may be missing.
Status check_head(const checkpoint::Checkpoint& checkpoint) {
  const checkpoint::ModelConfig& config = checkpoint.config();
  const auto& names = config.architectures;
  const auto is_named = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!names.empty() && !is_named("BertForSequenceClassification")) {
    return unsupported(
        is_named("BertModel")
            ? "this is an embedding model (BertModel): it gives vectors, not scores of pairs"
            : fmt::format("architecture {} has no score head", checkpoint::shown_name(names[0])));
  }
  const checkpoint::TensorEntry* head = checkpoint.find("classifier.weight");
  if (head == nullptr) {
    return unsupported("no score head: tensor \"classifier.weight\" is missing");
  }
  const std::int64_t labels = head->shape.empty() ? 0 : head->shape[0];
  if (labels != 1) {
    return unsupported(fmt::format("the score head has {} labels", labels));
  }
  if (config.num_labels && *config.num_labels != 1) {
    return unsupported(
        fmt::format("config.json declares {} labels, the score head has 1", *config.num_labels));
  }
  return {};
}

// The recorded decision, which must name matrices of this model.
Status read_quantization(const checkpoint::ModelConfig& config, ModelSpec& spec) {
  if (!config.quantization) {
    return {};
  }
  spec.biases_folded = config.quantization->biases_folded;
  const std::vector<std::vector<std::string>> units = bert_matrix_units(spec);
  std::size_t known = 0;
  for (const std::vector<std::string>& unit : units) {
    const auto kept = std::count_if(unit.begin(), unit.end(), [&](const std::string& name) {
      const auto& names = config.quantization->kept_bf16;
      return std::find(names.begin(), names.end(), name) != names.end();
    });
    if (kept != 0 && static_cast<std::size_t>(kept) != unit.size()) {
      return Status(Code::kCorrupt,
                    fmt::format("[config.json] kept_bf16 names {} of {} matrices that go together "
                                "with {}",
                                kept,
                                unit.size(),
                                checkpoint::shown_name(unit.front())));
    }
    known += static_cast<std::size_t>(kept);
  }
  if (known != config.quantization->kept_bf16.size()) {
    return Status(Code::kCorrupt,
                  "[config.json] kept_bf16 names what is no matrix of this model, or one twice");
  }
  spec.kept_bf16 = config.quantization->kept_bf16;
  return {};
}

// LayerNorm.weight was LayerNorm.gamma, LayerNorm.bias LayerNorm.beta in converted TensorFlow
// files.
std::string legacy_name(const std::string& name) {
  constexpr std::string_view kWeight = "LayerNorm.weight";
  constexpr std::string_view kBias = "LayerNorm.bias";
  if (name.ends_with(kWeight)) {
    return name.substr(0, name.size() - kWeight.size()) + "LayerNorm.gamma";
  }
  if (name.ends_with(kBias)) {
    return name.substr(0, name.size() - kBias.size()) + "LayerNorm.beta";
  }
  return name;
}

}  // namespace

Result<ModelSpec> bert_spec(const checkpoint::Checkpoint& checkpoint) {
  const checkpoint::ModelConfig& config = checkpoint.config();
  RR_RETURN_IF_ERROR(check_head(checkpoint));
  if (config.is_decoder) {
    return unsupported("is_decoder is true");
  }
  if (config.is_quantized) {
    return unsupported("quantization_config is present: weights of an unknown scheme");
  }
  const std::string positions = config.position_embedding_type.value_or("absolute");
  if (positions != "absolute") {
    return Status(Code::kUnsupported,
                  fmt::format("[config.json] position_embedding_type {} is not absolute",
                              checkpoint::shown_name(positions)));
  }
  ModelSpec spec;
  spec.family = "bert";
  spec.hidden_size = config.hidden_size;
  spec.num_attention_heads = config.num_attention_heads;
  spec.intermediate_size = config.intermediate_size;
  spec.num_hidden_layers = config.num_hidden_layers;
  spec.vocab_size = config.vocab_size;
  spec.max_position_embeddings = config.max_position_embeddings;
  spec.type_vocab_size = config.type_vocab_size.value_or(2);
  spec.layer_norm_eps = static_cast<float>(config.layer_norm_eps.value_or(1e-12));
  RR_ASSIGN_OR_RETURN(spec.activation, activation_from_name(config.hidden_act.value_or("gelu")));
  RR_RETURN_IF_ERROR(read_quantization(config, spec));
  return spec;
}

Result<ModelWeights> bert_weights(const ModelSpec& spec, const checkpoint::Checkpoint& checkpoint) {
  ModelWeights weights;
  for (const TensorSlot& slot : bert_tensors(spec, weights)) {
    const std::string legacy = legacy_name(slot.name);
    const bool is_legacy =
        checkpoint.find(slot.name) == nullptr && checkpoint.find(legacy) != nullptr;
    RR_ASSIGN_OR_RETURN(*slot.view, checkpoint.tensor(is_legacy ? legacy : slot.name, slot.shape));
    slot.view->name = slot.name;
  }
  return weights;
}

std::vector<TensorSlot> bert_tensors(const ModelSpec& spec, ModelWeights& weights) {
  SlotList list;
  const std::int64_t hidden = spec.hidden_size;
  const std::string embeddings = "bert.embeddings.";
  list.tensor(
      embeddings + "word_embeddings.weight", {spec.vocab_size, hidden}, weights.word_embeddings);
  list.tensor(embeddings + "position_embeddings.weight",
              {spec.max_position_embeddings, hidden},
              weights.position_embeddings);
  list.tensor(embeddings + "token_type_embeddings.weight",
              {spec.type_vocab_size, hidden},
              weights.token_type_embeddings);
  list.norm(embeddings + "LayerNorm", hidden, weights.embedding_norm);
  weights.blocks.resize(static_cast<std::size_t>(spec.num_hidden_layers));
  for (std::size_t layer = 0; layer < weights.blocks.size(); ++layer) {
    add_block(list, fmt::format("bert.encoder.layer.{}", layer), spec, weights.blocks[layer]);
  }
  list.linear("bert.pooler.dense", hidden, hidden, weights.pooler);
  list.linear("classifier", 1, hidden, weights.classifier);
  return std::move(list.slots);
}

std::vector<std::vector<std::string>> bert_matrix_units(const ModelSpec& spec) {
  std::vector<std::vector<std::string>> units = {{"bert.embeddings.word_embeddings"}};
  for (int layer = 0; layer < spec.num_hidden_layers; ++layer) {
    const std::string path = fmt::format("bert.encoder.layer.{}", layer);
    units.push_back({path + ".attention.self.query",
                     path + ".attention.self.key",
                     path + ".attention.self.value"});
    units.push_back({path + ".attention.output.dense"});
    units.push_back({path + ".intermediate.dense"});
    units.push_back({path + ".output.dense"});
  }
  return units;
}

}  // namespace rr::model
