// The tensors of a quantised checkpoint, made from a float model: what `rerankd quantize` writes
// and checkpoint/quantization.h describes. Matrices of the blocks and embedding tables: I8 with
// X.weight_scale, BF16 where spec.kept_bf16 names them, all BF16 for bf16. Biases, norms, pooler
// and classifier: F32. Biases are folded first (fold_biases.h), with the exact weights, so that a
// load scores bit for bit as the float model does under the same dtype and decision.
// Tested by quantized_tensors_test.cpp.
#pragma once

#include <deque>
#include <vector>

#include "base/result.h"
#include "checkpoint/safetensors.h"
#include "engine/arithmetic.h"
#include "model/model_spec.h"

namespace rr::engine {

struct QuantizedTensors {
  std::vector<checkpoint::TensorEntry> tensors;  // views into memory
  std::deque<std::vector<std::byte>> memory;
};

// dtype kBf16 or kInt8. kInvalidArgument: the weights are quantised or folded already, or do not
// fit the spec.
Result<QuantizedTensors> quantize_tensors(const model::ModelSpec& spec,
                                          const model::ModelWeights& weights,
                                          Quantization dtype);

}  // namespace rr::engine
