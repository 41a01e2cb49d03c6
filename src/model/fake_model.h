// A whole checkpoint folder with random weights, written for tests: config.json and
// model.safetensors, which transformers would load too (the tokenizer is the test's own affair).
#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json_text.h"
#include "checkpoint/fake_checkpoint.h"
#include "model/bert.h"
#include "model/random_model.h"

namespace rr::model {

inline ModelSpec fake_spec() {
  ModelSpec spec;
  spec.family = "bert";
  spec.hidden_size = 32;
  spec.num_attention_heads = 2;
  spec.intermediate_size = 64;
  spec.num_hidden_layers = 2;
  spec.vocab_size = 500;
  spec.max_position_embeddings = 128;
  spec.type_vocab_size = 2;
  return spec;
}

// config.json's fields for a spec; `more` may add fields (a leading comma is not needed).
inline std::string fake_config(const ModelSpec& spec, std::string_view more) {
  JsonText json;
  json.open_object().key("model_type").string("bert");
  json.key("architectures").open_array().string("BertForSequenceClassification").close_array();
  json.key("hidden_size").number(spec.hidden_size);
  json.key("num_attention_heads").number(spec.num_attention_heads);
  json.key("intermediate_size").number(spec.intermediate_size);
  json.key("num_hidden_layers").number(spec.num_hidden_layers);
  json.key("vocab_size").number(spec.vocab_size);
  json.key("max_position_embeddings").number(spec.max_position_embeddings);
  json.key("type_vocab_size").number(spec.type_vocab_size);
  json.key("layer_norm_eps").number(spec.layer_norm_eps);
  json.key("hidden_act").string("gelu");
  json.key("id2label").open_object().key("0").string("LABEL_0").close_object();
  std::string text = std::move(json).text();
  if (!more.empty()) {
    text.append(",").append(more);
  }
  return text + "}";
}

// The tensors of make_random_model, in F32.
inline std::vector<checkpoint::FakeTensor> fake_tensors(const ModelSpec& spec, std::uint64_t seed) {
  RandomModel model = make_random_model(spec, seed);
  std::vector<checkpoint::FakeTensor> tensors;
  for (const TensorSlot& slot : bert_tensors(model.spec, model.weights)) {
    tensors.push_back(
        {slot.name,
         "F32",
         slot.shape,
         std::string(reinterpret_cast<const char*>(slot.view->data), slot.view->size_bytes())});
  }
  return tensors;
}

// A folder that loads; what a test wants otherwise it overwrites.
inline void write_fake_model(const std::filesystem::path& dir, const ModelSpec& spec) {
  checkpoint::write_file(dir / "config.json", fake_config(spec, ""));
  checkpoint::write_file(dir / "model.safetensors",
                         checkpoint::safetensors_file(fake_tensors(spec, 1)));
}

}  // namespace rr::model
