// A model with random weights, made in memory: for tests, benchmarks and golden comparisons that
// need a shape but no file. Every weight is a function of (seed, tensor name, index) alone, in
// integer arithmetic and at most one float multiplication and one addition, so that
// tools/golden/models/random_model.py makes the same bits:
//   key    = mix(seed + fnv1a_64(name))            mix = SplitMix64's output function
//   bits   = mix(key + index * 0x9E3779B97F4A7C15)
//   bell   = sum of the four 16-bit fields of bits - 131070    (near normal, deviation 37837.23)
//   weight = float(bell) * float(deviation / 37837.23) + offset
// Deviations are chosen so that attention is far from uniform and logits spread over several units
// (random_model.cpp). F32. Cost: about 2 ns a weight. Tested by random_model_test.cpp, which pins
// digests that the Python side prints.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_memory.h"
#include "model/model_spec.h"
#include "tensor/dims.h"

namespace rr::model {

struct RandomModel {
  ModelSpec spec;
  ModelWeights weights;  // views into memory
  AlignedMemory memory;
};

// shape.family must be "bert"; every extent positive.
RandomModel make_random_model(const ModelSpec& shape, std::uint64_t seed);

// The tokens of one pair by formula: [CLS]=101, query, [SEP]=102, document, [SEP], where all other
// ids are drawn from [first_id, vocab_size); first_id is 999, or 103 for vocabularies of under
// 1999. Token types are 0 up to the first [SEP], then 1. The query takes a quarter of the tokens
// between.
struct RandomPair {
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
};
// length at least 4; vocab_size at least 104.
RandomPair make_random_pair(int length, int vocab_size, std::uint64_t seed);

}  // namespace rr::model
