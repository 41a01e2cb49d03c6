// The activations of one worker, cut from one Workspace at start. R rows is the most tokens a
// worker takes through the layers at once; F rows pass through the feed-forward layer together, so
// that its wide rows stay in the second-level cache. Row strides are odd numbers of cache lines:
// equal columns of neighbouring rows then fall into different cache sets. Tested through
// cpu_executor_test.cpp.
#pragma once

#include <cstdint>

#include "engine/packed_model.h"

namespace rr::engine {

// Whether rows of it come with one scale each.
constexpr bool is_quantized(kernels::Storage storage) {
  return storage == kernels::Storage::kI8 || storage == kernels::Storage::kI16;
}

// Rows of activations in the form that the next matrix product reads: values of any storage, with
// one scale per row when they are quantised.
struct Rows {
  std::byte* data = nullptr;
  float* scale = nullptr;
  std::int64_t stride = 0;  // elements
  kernels::Storage storage = kernels::Storage::kF32;

  std::byte* row(std::int64_t index) const;
  float* row_f32(std::int64_t index) const {
    return reinterpret_cast<float*>(data) + index * stride;
  }
  Rows from(std::int64_t index) const;  // the rows after the first `index`
};

struct BufferShape {
  std::int64_t rows = 0;               // R
  std::int64_t feed_forward_rows = 0;  // F
  std::int64_t inner_columns = 0;      // of the intermediate layer, that are there at once
  std::int64_t pairs = 0;              // most pairs in R rows
  std::int64_t chunk_tokens = 0;       // whole pairs go together while they have no more
  int heads_at_once = 0;               // whose queries, keys and values are there at once
  int heads_at_least = 0;              // whose columns are whole panels; divides all heads
  std::int64_t max_seqlen = 0;
};

struct ForwardBuffers {
  Rows hidden;         // [R,H] f32, the residual stream
  Rows input;          // [R,H] what the next product reads; the same as hidden in fp32
  Rows qkv;            // [R,3·qkv_columns] of some heads, attention's storage
  Rows context;        // [R,H] attention's output
  Rows context_input;  // [R,H] the same as context unless int8
  Rows inner;          // [F,inner_columns] feed-forward, after the activation
  Rows inner_input;    // [F,inner_columns] the same as inner unless int8
  Rows half;           // [R,H] bf16 for matrices that an int8 model keeps, where they read bf16
  Rows half_inner;     // [F,inner_columns] the same
  Rows scored_hidden;  // [pairs,H] the [CLS] rows of the last layer
  Rows scored_input;   // [pairs,H]
  Rows scored_query;   // [pairs,qkv_columns]
  Rows pooled;         // [pairs,H] f32
  Rows logits;         // [pairs,1 panel] f32
  std::byte* attention_scratch = nullptr;
  std::int64_t qkv_columns = 0;  // of the queries that are there at once, whole panels
};

// Heads that are taken from projection to context together: few, so that their queries, keys and
// values stay in the second-level cache, yet whole panels and at least 128 columns; else all.
int heads_at_once(const model::ModelSpec& spec, const Arithmetic& arithmetic);

// The fewest heads whose columns are whole panels, into which all heads can be divided.
int heads_at_least(const model::ModelSpec& spec, const Arithmetic& arithmetic);

// The one function that sums every consumer. Over a measuring Workspace it only counts.
ForwardBuffers lay_out_buffers(const model::ModelSpec& spec,
                               const Arithmetic& arithmetic,
                               const BufferShape& shape,
                               Workspace& memory);

}  // namespace rr::engine
