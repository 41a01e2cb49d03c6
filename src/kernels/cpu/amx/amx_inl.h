// The kernels compiled for AMX (TILE, BF16, INT8) beside AVX-512 and AVX512_BF16, whose row kernels
// serve here too. A product's operands are read in blocks of 32 rows: memory up to the next
// multiple of 32 rows must be readable, whatever it holds.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels::amx {

constexpr int kPanelColumns = 32;
constexpr int kTileColumns = 16;
constexpr int kRowBlock = 32;
constexpr int kBf16DepthBlock = 32;
constexpr int kInt8DepthBlock = 64;

// bf16 pairs; vdpbf16ps' rules: denormals are flushed, sums are f32.
void gemm_bf16(const GemmArgs& args);
// f32 weights in the same order, rounded to bf16 a stretch of a panel at a time.
void gemm_mixed(const GemmArgs& args);
// Storage::kBf16x3 on both sides: the six largest of the nine products of parts, small ones first,
// f32 sums. As exact as f32 fused multiply-adds. Where a number is not finite, or overflows when
// rounded to bf16, the result is not finite.
void gemm_bf16x3(const GemmArgs& args);
// s8 · s8, exact 32-bit sums, no zero point.
void gemm_s8s8(const GemmArgs& args);
void layer_norm(const LayerNormArgs& args);
std::int64_t probe_bf16(std::int64_t rounds, float* sink);
// Operations of f32 grade: a sixth of those done.
std::int64_t probe_bf16x3(std::int64_t rounds, float* sink);
std::int64_t probe_s8s8(std::int64_t rounds, float* sink);

// avx512's, and the parts of kBf16x3.
void quantize(const QuantizeArgs& args);
void attention_bf16(const AttentionArgs& args);

}  // namespace rr::kernels::amx
