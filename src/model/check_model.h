// What `rerankd check` says about a checkpoint folder: it is loaded exactly as `serve` would load
// it, so "can be served" is true, and a Status is the reason why not. Tested by
// check_model_test.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "model/loaded_model.h"

namespace rr::model {

struct CheckReport {
  ModelSpec spec;
  std::string dtype;           // of the weights in the file
  std::string tokenizer_kind;  // "WordPiece" as tokenizer.json names it, or "WordPiece (vocab.txt)"
  int tokenizer_vocab_size = 0;
  int max_length = 0;  // tokens of a pair
  std::string declared_activation;
  std::int64_t parameters = 0;
  std::int64_t float32_bytes = 0;  // memory for the weights with --quantization none
  std::int64_t bfloat16_bytes = 0;
  std::int64_t int8_bytes = 0;
  std::string content_digest;  // hex
};

Result<CheckReport> check_model(const std::filesystem::path& dir, const LoadOptions& options);
Result<CheckReport> check_model(const std::filesystem::path& dir,
                                const LoadOptions& options,
                                const TokenizerLoader& load_tokenizer);

}  // namespace rr::model
