#include "engine/self_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "model/random_model.h"

namespace rr::engine {

namespace {

constexpr std::array<int, 4> kLengths = {5, 12, 17, 33};
constexpr int kLayers = 2;
constexpr int kRows = 1024;          // of the embedding tables
constexpr int kVocabularyMin = 104;  // what a fixed pair needs
constexpr double kSecondsForPairs = 1.5;

struct CutModel {
  model::ModelSpec spec;
  model::ModelWeights weights;
};

// The first rows of a table: a view like any other.
void cut_rows(checkpoint::TensorView& table, int rows) {
  table.shape[0] = rows;
}

CutModel cut(const model::ModelSpec& spec, const model::ModelWeights& weights) {
  CutModel small{spec, weights};
  small.spec.num_hidden_layers = std::min(spec.num_hidden_layers, kLayers);
  small.spec.vocab_size = std::min(spec.vocab_size, kRows);
  small.spec.max_position_embeddings = std::min(spec.max_position_embeddings, kLengths.back());
  cut_rows(small.weights.word_embeddings, small.spec.vocab_size);
  cut_rows(small.weights.position_embeddings, small.spec.max_position_embeddings);
  // The first layers, but the last one last: it is the one that feeds the score.
  small.weights.blocks.resize(static_cast<std::size_t>(small.spec.num_hidden_layers));
  small.weights.blocks.back() = weights.blocks.back();
  return small;
}

// A pair whose ids and types the model has, whatever its vocabulary.
model::RandomPair fixed_pair(const model::ModelSpec& spec, int length) {
  model::RandomPair pair =
      model::make_random_pair(length, std::max(spec.vocab_size, kVocabularyMin), 42);
  for (TokenId& id : pair.input_ids) {
    id %= spec.vocab_size;
  }
  for (TokenId& type : pair.token_type_ids) {
    type %= spec.type_vocab_size;
  }
  return pair;
}

Result<float> logit_of(Executor& executor, const model::RandomPair& pair) {
  const std::array<int, 2> cu_seqlens = {0, static_cast<int>(pair.input_ids.size())};
  float logit = 0;
  RR_RETURN_IF_ERROR(
      executor.score(0, {pair.input_ids, pair.token_type_ids, cu_seqlens}, {&logit, 1}));
  return logit;
}

Status compare(Executor& chosen,
               Executor& generic,
               const model::RandomPair& pair,
               double tolerance) {
  RR_ASSIGN_OR_RETURN(const float expected, logit_of(generic, pair));
  RR_ASSIGN_OR_RETURN(const float logit, logit_of(chosen, pair));
  const double apart = std::fabs(logit - expected);
  if (apart <= tolerance * std::max(1.0F, std::fabs(expected))) {
    return {};
  }
  return Status(Code::kInternal,
                "[self-test] " + chosen.info().numerics + " gives " + std::to_string(logit) +
                    " where " + generic.info().numerics + " gives " + std::to_string(expected) +
                    " for a pair of " + std::to_string(pair.input_ids.size()) +
                    " tokens; try --isa generic and report this");
}

}  // namespace

Status self_test(Executor& executor,
                 const model::ModelSpec& spec,
                 const model::ModelWeights& weights,
                 const CpuExecutorOptions& options,
                 const Clock& clock) {
  RR_ASSIGN_OR_RETURN(const Quantization quantization,
                      quantization_from_name(options.quantization));
  return self_test(
      executor, spec, weights, options, clock, tolerance_of(quantization, options.mixed_precision));
}

Status self_test(Executor& executor,
                 const model::ModelSpec& spec,
                 const model::ModelWeights& weights,
                 const CpuExecutorOptions& options,
                 const Clock& clock,
                 const Tolerance& tolerance) {
  const TimePoint begin = clock.now();
  const CutModel small = cut(spec, weights);
  CpuExecutorOptions chosen_options = options;
  chosen_options.threads = 1;
  chosen_options.max_seqlen = 0;
  CpuExecutorOptions generic_options = chosen_options;
  generic_options.isa = kernels::isa_name(kernels::Isa::kGeneric);
  RR_ASSIGN_OR_RETURN(const auto chosen,
                      make_cpu_executor(small.spec, small.weights, chosen_options));
  RR_ASSIGN_OR_RETURN(const auto generic,
                      make_cpu_executor(small.spec, small.weights, generic_options));
  for (const int length : kLengths) {
    if (length > generic->max_seqlen() || length > executor.max_seqlen()) {
      break;
    }
    const model::RandomPair pair = fixed_pair(small.spec, length);
    RR_RETURN_IF_ERROR(compare(*chosen, *generic, pair, tolerance.largest));
    RR_RETURN_IF_ERROR(logit_of(executor, pair).status());
    if (to_seconds(clock.now() - begin) > kSecondsForPairs) {
      break;
    }
  }
  return {};
}

}  // namespace rr::engine
