// A model's weights as the kernels read them: packed once at load into one block of memory, in the
// chosen arithmetic. Immutable afterwards and shared by all workers. The checkpoint may go away
// afterwards: nothing points into it. Matrices by kernels/packing.h; biases, norms and scales stay
// f32. Embedding tables: f32, bf16, or int8 with one scale per row; word rows follow vocab order.
// Tested through cpu_executor_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "engine/arithmetic.h"
#include "model/model_spec.h"
#include "tensor/workspace.h"

namespace rr::engine {

struct PackedLinear {
  const kernels::LinearKernel* kernel = nullptr;
  std::byte* panels = nullptr;
  float* scale = nullptr;          // [panel columns], int8 only
  std::int32_t* offset = nullptr;  // [panel columns], int8 only
  float* bias = nullptr;           // [panel columns]
  std::int64_t panel_count = 0;
  std::int64_t depth = 0;            // K, padded to the kernel's group
  std::int64_t segment_columns = 0;  // padded columns of one source matrix: where K starts in QKV
};

struct PackedNorm {
  float* weight = nullptr;  // [H]
  float* bias = nullptr;    // [H]
};

struct PackedTable {
  kernels::Storage storage = kernels::Storage::kF32;
  std::byte* rows = nullptr;  // [rows,H]
  float* scale = nullptr;     // [rows], int8 only
  std::int64_t columns = 0;
};

struct PackedBlock {
  PackedLinear qkv;  // [3 segments]
  PackedLinear attention_output;
  PackedNorm attention_norm;
  PackedLinear intermediate;
  PackedLinear output;
  PackedNorm output_norm;
};

struct PackedModel {
  PackedTable word_embeddings;
  PackedTable position_embeddings;
  PackedTable token_type_embeddings;
  PackedNorm embedding_norm;
  std::vector<PackedBlock> blocks;
  PackedLinear pooler;
  PackedLinear classifier;
  Workspace memory;
};

// Requires nothing of the weights: a tensor whose shape contradicts the spec is kInvalidArgument.
Result<PackedModel> pack_model(const model::ModelSpec& spec,
                               const model::ModelWeights& weights,
                               const Arithmetic& arithmetic);

}  // namespace rr::engine
