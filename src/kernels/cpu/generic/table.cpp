#include "kernels/cpu/cpu_kernels.h"
#include "kernels/cpu/generic/generic_inl.h"

namespace rr::kernels {

namespace {

constexpr LinearKernel kF32 = {"generic-fp32.1",
                               Storage::kF32,
                               Storage::kF32,
                               generic::kPanelColumns,
                               1,
                               0,
                               0,
                               generic::gemm_f32,
                               generic::probe_f32};
constexpr LinearKernel kBf16 = {"generic-bf16w.1",
                                Storage::kF32,
                                Storage::kBf16,
                                generic::kPanelColumns,
                                1,
                                0,
                                0,
                                generic::gemm_bf16_widened,
                                generic::probe_f32};
constexpr LinearKernel kInt8 = {"generic-s8s8.1",
                                Storage::kI8,
                                Storage::kI8,
                                generic::kPanelColumns,
                                1,
                                127,
                                0,
                                generic::gemm_int8,
                                generic::probe_f32};

}  // namespace

const CpuKernels kGenericKernels = {kF32,
                                    kF32,
                                    kBf16,
                                    kInt8,
                                    generic::attention_f32,
                                    nullptr,
                                    generic::layer_norm,
                                    generic::quantize};

}  // namespace rr::kernels
