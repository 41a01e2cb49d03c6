#include "model/bert.h"

#include <fmt/format.h>

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

}  // namespace

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

}  // namespace rr::model
