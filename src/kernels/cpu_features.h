// What the processor and the operating system really allow: CPUID leaves 1 and 7 together with
// XCR0, so that registers which the kernel does not save are never used (Intel SDM vol. 1 ch.
// 13-15). A value; asking costs a few CPUID instructions. Tested by kernel_table_test.cpp.
#pragma once

#include "kernels/kernel_table.h"

namespace rr::kernels {

struct CpuFeatures {
  bool avx2 = false;      // AVX2, FMA, YMM state saved
  bool avx_vnni = false;  // VEX-encoded vpdpbusd
  bool avx512 = false;    // F, BW, DQ, VL, opmask and ZMM state saved
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool amx = false;  // TILE, INT8, BF16, tile state saved
};

const CpuFeatures& cpu_features();
bool cpu_runs(const CpuFeatures& features, Isa isa);

}  // namespace rr::kernels
