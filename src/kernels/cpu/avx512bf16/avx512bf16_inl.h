// The kernels compiled for AVX512_BF16: products of bf16 pairs with f32 sums, and the row kernels
// that write bf16. vdpbf16ps flushes denormals and rounds to nearest even; results of the
// conversions are those of to_bfloat16 for every normal number.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels::avx512bf16 {

void gemm_bf16(const GemmArgs& args);
// f32 weights, packed with pairs of k side by side, are rounded to bf16 on the way to the product.
void gemm_mixed(const GemmArgs& args);
std::int64_t probe_bf16(std::int64_t rounds, float* sink);
void attention_bf16(const AttentionArgs& args);
void layer_norm(const LayerNormArgs& args);

}  // namespace rr::kernels::avx512bf16
