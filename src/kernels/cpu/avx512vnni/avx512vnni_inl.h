// The int8 product compiled for AVX512_VNNI; the rest of that set is avx512's.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels::avx512vnni {

void gemm_u8s8(const GemmArgs& args);
std::int64_t probe_u8s8(std::int64_t rounds, float* sink);

}  // namespace rr::kernels::avx512vnni
