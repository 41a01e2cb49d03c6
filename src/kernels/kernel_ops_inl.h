// The signatures of the CPU kernels, shared by every per-ISA file: plain aggregates and function
// pointers, no inline code, so that nothing of it can be compiled with another file's instructions.
// Shapes in dims.h letters; strides count elements; "panel" is panel_columns output columns of a
// weight packed by packing.h. All kernels are thread-safe, allocate nothing and keep the bit law:
// the operations of one output element depend on the shape, never on `rows`.
// Callers zero-initialise (`GemmArgs args{}`): the structs have no initialisers on purpose.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rr::kernels {

// kI16: activations only. kBf16x3: a float as the sum of three bf16, largest first. A row of
// activations is one stride of the first parts, then one of the second and one of the third; a
// panel of weights is a whole panel of each.
enum class Storage : int { kF32, kBf16, kI8, kI16, kBf16x3 };

enum class Epilogue : int {
  kBias,          // c = ab + bias
  kBiasGeluErf,   // c = gelu(ab + bias), x·Φ(x)
  kBiasGeluTanh,  // c = gelu(ab + bias), the tanh form
  kBiasRelu,      // c = max(ab + bias, 0)
  kBiasTanh,      // c = tanh(ab + bias)
  kBiasResidual,  // c = ab + bias + residual; residual may be c itself
  kAccumulate,    // c = c + ab, the chain of sums taken up where c left it; c is f32; only where
                  // LinearKernel::accumulates
};

// c[rows, panels·panel_columns] = epilogue(a[rows, depth] · b). Whole panels are stored, so pad
// columns hold what zero weights and zero bias give. int8: ab = (Σ a·b − b_offset[n]) · a_scale[m]
// · b_scale[n]. A stretch of a deeper weight: b begins at its first k (a multiple of depth_block)
// and panel_depth is the weight's whole depth.
struct GemmArgs {
  const void* a;  // readable up to a multiple of the kernel's row_block rows
  std::int64_t a_stride;
  const float* a_scale;  // [rows], int8 activations only
  const void* b;
  const float* b_scale;          // [panels·panel_columns], int8 weights only
  const std::int32_t* b_offset;  // [panels·panel_columns], zero point · Σ_k b; int8 dot only
  const float* bias;             // [panels·panel_columns]
  const float* residual;
  std::int64_t residual_stride;
  void* c;  // with kAccumulate writable as far as a is readable
  std::int64_t c_stride;
  Storage c_storage;  // kF32 or kBf16
  std::int64_t rows;
  std::int64_t depth;        // a multiple of depth_group; the caller pads a and b with zero points
  std::int64_t panel_depth;  // from one panel of b to the next, ≥ depth
  const void* next;  // weights that will be read after these, worth fetching; null: what follows b
  std::int64_t panels;
  Epilogue epilogue;
};
using GemmFn = void (*)(const GemmArgs&);

// One head of one pair: out[queries, D] = softmax(q·kᵀ·scale) · v over `keys` keys. Exact softmax
// over the whole row whatever its length. q, k and v are all f32 or all bf16.
struct AttentionArgs {
  const void* q;
  std::int64_t q_stride;
  const void* k;
  const void* v;
  std::int64_t kv_stride;
  void* out;
  std::int64_t out_stride;
  Storage out_storage;  // kF32, or kBf16 where q, k and v are
  std::int64_t queries;
  std::int64_t keys;
  std::int64_t head_size;
  float scale;
  void* scratch;  // attention_scratch_bytes(), 64-byte aligned
};
using AttentionFn = void (*)(const AttentionArgs&);

// y[m,h] = (x[m,h] − mean) / sqrt(var + eps) · weight[h] + bias[h], biased variance, two passes.
// y may be x. Columns H…padded_columns of y (and of y_bf16) become zero. y_bf16 is optional.
struct LayerNormArgs {
  const float* x;
  std::int64_t x_stride;
  const float* weight;
  const float* bias;
  float eps;
  float* y;
  std::int64_t y_stride;
  std::uint16_t* y_bf16;
  std::int64_t y_bf16_stride;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t padded_columns;
};
using LayerNormFn = void (*)(const LayerNormArgs&);

// A table of row vectors [rows, columns] without gaps.
struct EmbedTable {
  const void* rows;
  const float* scale;  // [rows], int8 only
  Storage storage;     // kF32, kBf16 or kI8
};

// y[m,h] = words[input_ids[m],h] + token_types[token_type_ids[m],h] + positions[first_position+m,h]
// in f32, in that order. Requires ids within the tables.
struct EmbedArgs {
  EmbedTable words;
  EmbedTable token_types;
  EmbedTable positions;
  const std::int32_t* input_ids;
  const std::int32_t* token_type_ids;
  std::int64_t first_position;
  float* y;
  std::int64_t y_stride;
  std::int64_t rows;
  std::int64_t columns;
};
using EmbedFn = void (*)(const EmbedArgs&);

// Per-row symmetric quantisation: scale[m] = max|x[m,·]| / limit, y = round(x / scale) + zero_point
// as one byte, or as a signed 16-bit number where y_storage is kI16 (limit up to 32,767). Columns
// up to padded_columns become zero_point. A row of zeros gets scale 0. Where y_storage is kBf16x3
// nothing is lost: the three parts of each x, zeros up to padded_columns, no scale.
struct QuantizeArgs {
  const float* x;
  std::int64_t x_stride;
  void* y;
  Storage y_storage;
  std::int64_t y_stride;
  float* scale;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t padded_columns;
  int limit;
  int zero_point;
};
using QuantizeFn = void (*)(const QuantizeArgs&);

// Runs `rounds` of independent multiply-accumulates of the kernel's own arithmetic from registers;
// returns the operations done (a fused multiply-add of one lane pair counts two).
using PeakProbeFn = std::int64_t (*)(std::int64_t rounds, float* sink);

// A way to multiply activations by packed weights.
struct LinearKernel {
  const char* arithmetic;  // numerics id, revision raised whenever bits change
  Storage activations;     // what a is; kI8 and kI16 come from QuantizeArgs
  Storage weights;         // what b is
  int panel_columns;       // columns of a panel
  int depth_group;         // neighbouring k of one column that lie side by side
  int tile_columns;        // of a panel, that lie side by side for a depth_block
  int depth_block;         // K is padded to a multiple of it
  int row_block;           // rows of a, and of c with kAccumulate, that are touched together
  bool accumulates;        // has kAccumulate
  int activation_limit;    // int8 dot: largest |quantised activation|
  int zero_point;          // int8 dot: added to activations
  GemmFn gemm;
  PeakProbeFn peak_probe;
};

// What one instruction set offers. Dtypes it has no arithmetic for are widened.
struct CpuKernels {
  LinearKernel f32;
  LinearKernel
      split;  // as exact as f32, by products of bf16 parts where those are faster, else f32
  LinearKernel mixed;  // f32 weights, 16-bit products where the hardware has them, else f32 again
  LinearKernel bf16;
  LinearKernel int8;
  AttentionFn attention_f32;
  AttentionFn attention_bf16;  // null where bf16.activations is kF32
  LayerNormFn layer_norm;
  LayerNormFn layer_norm_short;  // beside 16- and 8-bit products
  QuantizeFn quantize;
  EmbedFn embed;
};

}  // namespace rr::kernels
