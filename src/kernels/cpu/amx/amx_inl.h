// The kernels compiled for AMX (TILE, BF16, INT8) beside AVX-512 and AVX512_BF16.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels::amx {

void attention_bf16(const AttentionArgs& args);

}  // namespace rr::kernels::amx
