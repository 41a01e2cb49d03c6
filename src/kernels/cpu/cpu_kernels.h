// The tables of each instruction set, chosen from by kernel_table.h. Tested by
// kernel_table_test.cpp.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels {

extern const CpuKernels kGenericKernels;
extern const CpuKernels kAvx2Kernels;
extern const CpuKernels kAvxVnniKernels;
extern const CpuKernels kAvx512Kernels;
extern const CpuKernels kAvx512VnniKernels;
extern const CpuKernels kAvx512Bf16Kernels;
extern const CpuKernels kAmxKernels;

}  // namespace rr::kernels
