// What the processor and the operating system really allow: CPUID leaves 1, 7 and 1D together with
// XCR0, so that registers which the kernel does not save are never used (Intel SDM vol. 1 ch.
// 13-15, 18). Tile state is the one that Linux gives to a process only on request (arch_prctl,
// Documentation/arch/x86/xstate.rst): the first call asks, for all threads of this process and its
// children; a kernel or sandbox that refuses leaves the machine without amx. Tested by
// kernel_table_test.cpp.
#pragma once

#include "kernels/kernel_table.h"

namespace rr::kernels {

struct CpuFeatures {
  bool avx2 = false;      // AVX2, FMA, YMM state saved
  bool avx_vnni = false;  // VEX-encoded vpdpbusd
  bool avx512 = false;    // F, BW, DQ, VL, opmask and ZMM state saved
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  // Intel's vdpbf16ps takes as long as the two multiply-adds on f32 that it stands for, and twice
  // that where measured (docs/decisions/019); AMD's does not.
  bool slow_bf16_dot = false;
  bool amx = false;  // TILE, INT8, BF16, tile state saved and given to this process
};

const CpuFeatures& cpu_features();
bool cpu_runs(const CpuFeatures& features, Isa isa);
// The fastest of those it runs. A rule on CPUID alone, never on a timing.
Isa best_isa_of(const CpuFeatures& features);

}  // namespace rr::kernels
