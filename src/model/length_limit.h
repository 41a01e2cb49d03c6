// The longest pair, in tokens, that a model is given: the least of everything that limits it. What
// tokenizer files say about truncation, padding and max_length is no limit of the model and is
// ignored. Pure. Tested by length_limit_test.cpp.
#pragma once

#include <optional>

#include "base/result.h"

namespace rr::model {

constexpr int kDefaultMaxLength = 512;  // RERANKER_MAX_LENGTH

struct LengthLimits {
  std::optional<int> option;          // --max-length as given; absent = kDefaultMaxLength
  int position_rows = 0;              // max_position_embeddings
  int tokenizer_limit = 0;            // model_max_length; INT_MAX when not stated
  std::optional<int> max_seq_length;  // sentence-transformers; set aside when the option is given
  int special_tokens = 0;             // of a pair
};

// kInvalidArgument when not even one token of text fits beside the special tokens.
Result<int> length_limit(const LengthLimits& limits);

}  // namespace rr::model
