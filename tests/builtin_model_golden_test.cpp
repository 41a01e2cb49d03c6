// The model in models/builtin is the one that was trained: its identity is pinned, and for a few
// pairs (the README's example among them) its tokens equal the reference tokenizer's and its logits
// those of transformers in float64 on the same weights (tests/golden/builtin/pinned_pairs.json,
// written by tools/train/export.py).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>
#include <string>

#include "engine/cpu_executor.h"
#include "engine/tolerances.h"
#include "kernels/kernel_table.h"
#include "model/loaded_model.h"

namespace rr {
namespace {

using testing::FloatNear;
using testing::Pointwise;

constexpr std::string_view kContentDigest = "b2de8e1f33e321aaed0e01d47f4197ba";

model::LoadedModel load_builtin() {
  auto loaded = model::load_model(RR_SOURCE_DIR "/models/builtin", {});
  RR_CHECK(loaded.ok());
  return std::move(loaded).value();
}

TEST(BuiltinModel, IsTheOneThatWasTrained) {
  EXPECT_EQ(load_builtin().content_digest.hex(), kContentDigest);
}

text::EncodedPair encoded(const model::LoadedModel& loaded,
                          std::string_view query,
                          std::string_view document) {
  const text::PairOptions options{.max_length = loaded.max_length};
  text::EncodedPair pair;
  loaded.tokenizer->encode_pair(
      loaded.tokenizer->encode_query(query, options), document, options, pair);
  return pair;
}

float logit_of(engine::Executor& executor, const text::EncodedPair& pair) {
  const std::vector<int> cu_seqlens = {0, static_cast<int>(pair.input_ids.size())};
  const engine::PackedBatch batch{pair.input_ids, pair.token_type_ids, cu_seqlens};
  float logit = 0;
  EXPECT_TRUE(executor.score(0, batch, std::span(&logit, 1)).ok());
  return logit;
}

std::unique_ptr<engine::Executor> executor_of(const model::LoadedModel& loaded,
                                              std::string_view isa,
                                              std::string_view quantization) {
  engine::CpuExecutorOptions options;
  options.isa = isa;
  options.quantization = quantization;
  auto executor = engine::make_cpu_executor(loaded.spec, loaded.weights, options);
  RR_CHECK(executor.ok());
  return std::move(executor).value();
}

std::vector<text::EncodedPair> everyday_pairs(const model::LoadedModel& loaded) {
  std::vector<text::EncodedPair> pairs;
  simdjson::dom::parser parser;
  for (const simdjson::dom::element list :
       parser.load(RR_SOURCE_DIR "/tests/golden/builtin/everyday.json").get_array()) {
    for (const simdjson::dom::element document : list["documents"].get_array()) {
      pairs.push_back(
          encoded(loaded, list["query"].get_string().value(), document.get_string().value()));
    }
  }
  return pairs;
}

std::vector<float> logits_of(engine::Executor& executor,
                             const std::vector<text::EncodedPair>& pairs) {
  std::vector<float> logits;
  for (const text::EncodedPair& pair : pairs) {
    logits.push_back(logit_of(executor, pair));
  }
  return logits;
}

// The weights lie on int8's grid (tools/train/int8_grid.py), so that only rounded activations cost.
TEST(BuiltinModel, SixteenAndEightBitsStayWithinTheirTolerances) {
  const model::LoadedModel loaded = load_builtin();
  const std::vector<text::EncodedPair> pairs = everyday_pairs(loaded);
  const std::vector<float> exact = logits_of(*executor_of(loaded, "", "none"), pairs);
  std::set<std::string> seen;  // some sets share an arithmetic
  for (const kernels::Isa isa : kernels::available_isas()) {
    for (const std::string_view quantization : {"bf16", "int8"}) {
      const auto executor = executor_of(loaded, kernels::isa_name(isa), quantization);
      if (!seen.insert(executor->info().numerics).second) {
        continue;
      }
      const engine::Tolerance tolerance = engine::tolerance_of(
          *engine::quantization_from_name(quantization), engine::MixedPrecision::kOff);
      // Too few pairs for bf16's 99th percentile to be apart from its largest.
      const double allowed = quantization == "int8" ? tolerance.percentile_99 : tolerance.largest;
      EXPECT_THAT(logits_of(*executor, pairs),
                  Pointwise(FloatNear(static_cast<float>(allowed)), exact))
          << executor->info().numerics;
    }
  }
}

TEST(BuiltinModel, EverydayQueriesComeOutInTheOrderThatAnyoneWouldGive) {
  const model::LoadedModel loaded = load_builtin();
  for (const char* quantization : {"none", "bf16", "int8"}) {
    const auto executor = executor_of(loaded, "", quantization);
    simdjson::dom::parser parser;
    const simdjson::dom::array lists =
        parser.load(RR_SOURCE_DIR "/tests/golden/builtin/everyday.json");
    EXPECT_GE(lists.size(), 12U);
    for (const simdjson::dom::element list : lists) {
      const std::string_view query = list["query"].get_string().value();
      std::vector<float> logits;
      for (const simdjson::dom::element document : list["documents"].get_array()) {
        logits.push_back(
            logit_of(*executor, encoded(loaded, query, document.get_string().value())));
      }
      EXPECT_EQ(std::max_element(logits.begin(), logits.end()), logits.begin())
          << quantization << ": " << query;
      EXPECT_EQ(std::min_element(logits.begin(), logits.end()), logits.end() - 1)
          << quantization << ": " << query;
    }
  }
}

TEST(BuiltinModel, TokensAndLogitsEqualTheReferenceLibrary) {
  const model::LoadedModel loaded = load_builtin();
  const auto executor = executor_of(loaded, "", "none");
  simdjson::dom::parser parser;
  const simdjson::dom::array pairs =
      parser.load(RR_SOURCE_DIR "/tests/golden/builtin/pinned_pairs.json");
  ASSERT_GT(pairs.size(), 0U);
  for (const simdjson::dom::element pair : pairs) {
    const text::EncodedPair ours =
        encoded(loaded, pair["query"].get_string().value(), pair["document"].get_string().value());
    std::vector<TokenId> expected;
    for (const simdjson::dom::element id : pair["input_ids"].get_array()) {
      expected.push_back(static_cast<TokenId>(id.get_int64().value()));
    }
    EXPECT_EQ(ours.input_ids, expected);
    EXPECT_NEAR(logit_of(*executor, ours), pair["logit"].get_double().value(), 1e-4)
        << pair["document"];
  }
}

}  // namespace
}  // namespace rr
