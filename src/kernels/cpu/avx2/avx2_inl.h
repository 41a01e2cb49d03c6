// The kernels compiled for AVX2 and FMA.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels::avx2 {

void gemm_f32(const GemmArgs& args);
void gemm_bf16_widened(const GemmArgs& args);
void gemm_s16s8(const GemmArgs& args);
std::int64_t probe_f32(std::int64_t rounds, float* sink);
std::int64_t probe_s16s8(std::int64_t rounds, float* sink);
void attention_f32(const AttentionArgs& args);
void layer_norm(const LayerNormArgs& args);
void quantize(const QuantizeArgs& args);
void embed(const EmbedArgs& args);

}  // namespace rr::kernels::avx2
