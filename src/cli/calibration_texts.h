// The pairs that quantize decides on: a BEIR-style folder (the first twenty candidates of its first
// queries) or JSON Lines {"query","document"}, where lines of
// one query that follow each other form a list. Tokenized and packed. Errors as eval/beir_set.h and
// cli/text_input.h give them; kInvalidArgument when there is no pair. Tested by
// calibration_texts_test.cpp.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/executor.h"
#include "text/tokenizer.h"

namespace rr::cli {

// The pairs of one query.
struct CalibrationList {
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
  std::vector<int> cu_seqlens = {0};

  std::size_t size() const { return cu_seqlens.size() - 1; }
  engine::PackedBatch view() const { return {input_ids, token_type_ids, cu_seqlens}; }
};

struct CalibrationOptions {
  int max_length = 0;  // tokens of a pair
  std::uint64_t pairs_max = 0;
};

Result<std::vector<CalibrationList>> read_calibration_texts(const std::string& path,
                                                            const text::Tokenizer& tokenizer,
                                                            const CalibrationOptions& options);

}  // namespace rr::cli
