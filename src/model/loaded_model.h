// A checkpoint folder made ready for an executor: family recognised, every weight found, shaped and
// finite, tokenizer loaded, length limit and identity settled. Errors are one line each:
// kNotFound (a file is missing), kCorrupt (a file breaks its format, weights are NaN), kUnsupported
// (a valid checkpoint that is no single-label cross-encoder of a known family), kTooLarge (over the
// memory limit), kInvalidArgument (an option cannot be used). Owns everything; the weights are
// views into mapped files that the Checkpoint keeps. Immutable; thread-safe. Cost: every weight is
// read once and hashed, about 1 GB/s. Tested by loaded_model_test.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "model/memory_need.h"
#include "model/model_spec.h"
#include "text/tokenizer.h"

namespace rr::model {

struct LoadOptions {
  std::optional<int> max_length;                        // --max-length when it was given
  std::int64_t memory_limit_bytes = 0;                  // for the weights; 0 = none
  WeightFormat weight_format = WeightFormat::kFloat32;  // what the limit is compared for
};

struct LoadedModel {
  ModelSpec spec;
  ModelWeights weights;
  std::shared_ptr<const checkpoint::Checkpoint> checkpoint;
  std::unique_ptr<text::Tokenizer> tokenizer;
  int max_length = 0;               // tokens of a pair
  std::string dtype;                // of the weights: "float32", "float16", "bfloat16" or "mixed"
  std::string declared_activation;  // "sigmoid" or "identity"
  // Weights, spec, tokenizer, maximum length, truncation and template: all that can change a score
  // but the arithmetic.
  Digest128 content_digest;
  std::string calibration_json;  // calibration.json as it is, or empty
};

// With the tokenizer of the folder (text::load_tokenizer).
Result<LoadedModel> load_model(const std::filesystem::path& dir, const LoadOptions& options);

// The same with another source of the tokenizer, called once the weights are known to fit.
using TokenizerLoader =
    std::function<Result<std::unique_ptr<text::Tokenizer>>(const std::filesystem::path& dir)>;
Result<LoadedModel> load_model(const std::filesystem::path& dir,
                               const LoadOptions& options,
                               const TokenizerLoader& load_tokenizer);

// Identity of the scores: content and arithmetic together.
Digest128 fingerprint(const Digest128& content, std::string_view numerics_id);

}  // namespace rr::model
