// Writes a checkpoint with random weights in the shape of a known model: for benchmarks, load and
// fleet runs that need a served model of a size, not of a meaning. The weights are those of
// model/random_model.h, F32; the tokenizer's files are copied from another checkpoint.
//   random_checkpoint --shape minilm-l6|bert-base|bert-large --tokenizer DIR --out DIR [--seed N]
// Exit 0 done, 1 failed, 2 wrong usage. Tested by tests/cli_test.sh.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json_text.h"
#include "engine/benchmark.h"
#include "model/bert.h"
#include "model/random_model.h"

namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

struct Order {
  std::string shape;
  std::string tokenizer;
  std::string out;
  std::uint64_t seed = 1;
};

// {"name":{"dtype":"F32","shape":[…],"data_offsets":[begin,end]},…}, padded to eight bytes.
std::string safetensors_header(const std::vector<rr::model::TensorSlot>& slots) {
  rr::JsonText json;
  json.open_object();
  std::int64_t end = 0;
  for (const auto& slot : slots) {
    const std::int64_t begin = end;
    end += slot.view->elements() * std::int64_t{sizeof(float)};
    json.key(slot.name).open_object().key("dtype").string("F32").key("shape").open_array();
    for (const std::int64_t extent : slot.shape) {
      json.number(extent);
    }
    json.close_array().key("data_offsets").open_array().number(begin).number(end);
    json.close_array().close_object();
  }
  json.close_object();
  std::string header = std::move(json).text();
  header.append((8 - header.size() % 8) % 8, ' ');
  return header;
}

bool write_weights(const fs::path& path, const rr::model::ModelSpec& shape, std::uint64_t seed) {
  rr::model::RandomModel model = rr::model::make_random_model(shape, seed);
  const auto slots = rr::model::bert_tensors(model.spec, model.weights);
  std::ofstream file(path, std::ios::binary);
  const std::string header = safetensors_header(slots);
  const std::uint64_t length = header.size();
  file.write(reinterpret_cast<const char*>(&length), sizeof(length));
  file << header;
  for (const auto& slot : slots) {
    file.write(
        reinterpret_cast<const char*>(slot.view->data),
        static_cast<std::streamsize>(slot.view->elements()) * std::streamsize{sizeof(float)});
  }
  file.close();
  return file.good();
}

bool write_config(const fs::path& path, const rr::model::ModelSpec& shape) {
  std::ofstream file(path);
  file << fmt::format(
      R"({{
  "architectures": ["BertForSequenceClassification"],
  "model_type": "bert",
  "vocab_size": {},
  "hidden_size": {},
  "num_hidden_layers": {},
  "num_attention_heads": {},
  "intermediate_size": {},
  "hidden_act": "gelu",
  "max_position_embeddings": {},
  "type_vocab_size": {},
  "layer_norm_eps": {},
  "id2label": {{"0": "LABEL_0"}}
}}
)",
      shape.vocab_size,
      shape.hidden_size,
      shape.num_hidden_layers,
      shape.num_attention_heads,
      shape.intermediate_size,
      shape.max_position_embeddings,
      shape.type_vocab_size,
      shape.layer_norm_eps);
  file.close();
  return file.good();
}

int write_checkpoint(const Order& order) {
  const auto shape = rr::engine::bench_shape(order.shape);
  if (!shape.ok()) {
    fmt::print(stderr, "random_checkpoint: {}\n", shape.status().message());
    return 2;
  }
  const fs::path out = order.out;
  std::error_code error;
  fs::create_directories(out, error);
  int copied = 0;
  for (const char* name : {"tokenizer.json", "vocab.txt", "tokenizer_config.json"}) {
    const fs::path from = fs::path(order.tokenizer) / name;
    copied += fs::copy_file(from, out / name, fs::copy_options::overwrite_existing, error) ? 1 : 0;
  }
  if (copied == 0) {
    fmt::print(stderr, "random_checkpoint: no tokenizer files in {}\n", order.tokenizer);
    return 1;
  }
  if (!write_config(out / "config.json", *shape) ||
      !write_weights(out / "model.safetensors", *shape, order.seed)) {
    fmt::print(stderr, "random_checkpoint: {} cannot be written\n", order.out);
    return 1;
  }
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("writes a checkpoint with random weights in the shape of a known model");
  Order order;
  app.add_option("--shape", order.shape, "minilm-l6, bert-base, bert-large")->required();
  app.add_option("--tokenizer", order.tokenizer, "checkpoint whose tokenizer is copied")
      ->required();
  app.add_option("--out", order.out, "folder of the new checkpoint")->required();
  app.add_option("--seed", order.seed, "another seed draws other weights");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return write_checkpoint(order);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // the file system's, and the option parser's
    std::fprintf(stderr, "random_checkpoint: %s\n", error.what());
    return 1;
  }
}
