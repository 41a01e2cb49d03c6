// The order of results: by logit, best first. Sorting logits rather than scores keeps apart what
// the sigmoid rounds together. Pure; thread-safe. Cost: O(n log n). Tested by ranking_test.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rerank/request.h"

namespace rr::rerank {

enum class TieOrder {
  kLowerIndexFirst,
  kHigherIndexFirst,  // as Text Embeddings Inference answers
};

// Indexes into `scores`.
std::vector<std::size_t> ranked_order(std::span<const PairScore> scores, TieOrder ties);

}  // namespace rr::rerank
