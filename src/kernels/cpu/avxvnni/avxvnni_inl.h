// The int8 product compiled for AVX_VNNI, the 256-bit dot product of processors without AVX-512;
// the rest of that set is avx2's.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels::avxvnni {

void gemm_u8s8(const GemmArgs& args);
std::int64_t probe_u8s8(std::int64_t rounds, float* sink);

}  // namespace rr::kernels::avxvnni
