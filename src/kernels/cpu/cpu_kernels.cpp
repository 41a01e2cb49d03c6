// Which function serves which dtype on each instruction set. Numerics ids end in a revision that is
// raised whenever the bits of that arithmetic change (engine/pinned_logits_test.cpp notices).
#include "kernels/cpu/cpu_kernels.h"

#include "kernels/cpu/amx/amx_inl.h"
#include "kernels/cpu/avx2/avx2_inl.h"
#include "kernels/cpu/avx512/avx512_inl.h"
#include "kernels/cpu/avx512bf16/avx512bf16_inl.h"
#include "kernels/cpu/avx512vnni/avx512vnni_inl.h"
#include "kernels/cpu/avxvnni/avxvnni_inl.h"
#include "kernels/cpu/generic/generic_inl.h"

namespace rr::kernels {

namespace {

constexpr Storage kFloat = Storage::kF32;
constexpr Storage kHalf = Storage::kBf16;
constexpr Storage kByte = Storage::kI8;
constexpr Storage kThirds = Storage::kBf16x3;
constexpr Storage kWord = Storage::kI16;

constexpr LinearKernel float_kernel(
    const char* arithmetic, Storage weights, int panel_columns, GemmFn gemm, PeakProbeFn probe) {
  return {
      arithmetic, kFloat, weights, panel_columns, 1, panel_columns, 1, 1, false, 0, 0, gemm, probe};
}

// What int8 activations are: their largest magnitude and what is added to them.
struct Quantized {
  int limit = 0;
  int zero_point = 0;
};

// Panels of vectors whose lanes hold `depth_group` neighbouring k.
constexpr LinearKernel group_kernel(const char* arithmetic,
                                    Storage activations,
                                    Storage weights,
                                    int panel_columns,
                                    int depth_group,
                                    Quantized quantized,
                                    GemmFn gemm,
                                    PeakProbeFn probe) {
  return {arithmetic,
          activations,
          weights,
          panel_columns,
          depth_group,
          panel_columns,
          depth_group,
          1,
          false,
          quantized.limit,
          quantized.zero_point,
          gemm,
          probe};
}

// Panels of tiles: rows of 64 bytes hold sixteen columns' groups of k.
constexpr LinearKernel tile_kernel(const char* arithmetic,
                                   Storage activations,
                                   Storage weights,
                                   int activation_limit,
                                   GemmFn gemm,
                                   PeakProbeFn probe) {
  const bool bytes = activations == kByte;
  return {arithmetic,
          activations,
          weights,
          amx::kPanelColumns,
          bytes ? 4 : 2,
          amx::kTileColumns,
          bytes ? amx::kInt8DepthBlock : amx::kBf16DepthBlock,
          amx::kRowBlock,
          activations == kHalf,
          activation_limit,
          0,
          gemm,
          probe};
}

namespace generic_set {
constexpr int kColumns = generic::kPanelColumns;
constexpr auto kF32 =
    float_kernel("generic-fp32.1", kFloat, kColumns, generic::gemm_f32, generic::probe_f32);
constexpr auto kBf16 = float_kernel(
    "generic-bf16w.2", kHalf, kColumns, generic::gemm_bf16_widened, generic::probe_f32);
constexpr auto kInt8 = group_kernel(
    "generic-s8s8.2", kByte, kByte, kColumns, 1, {127, 0}, generic::gemm_int8, generic::probe_f32);
}  // namespace generic_set

namespace avx2_set {
constexpr auto kF32 = float_kernel("avx2-fma.1", kFloat, 16, avx2::gemm_f32, avx2::probe_f32);
constexpr auto kBf16 =
    float_kernel("avx2-bf16w.2", kHalf, 16, avx2::gemm_bf16_widened, avx2::probe_f32);
constexpr auto kInt8 = group_kernel(
    "avx2-s11s8.2", kWord, kByte, 16, 2, {1023, 0}, avx2::gemm_s16s8, avx2::probe_s16s8);
// AVX_VNNI adds to that set.
constexpr auto kInt8Vnni = group_kernel(
    "avxvnni-u8s8.1", kByte, kByte, 16, 4, {127, 128}, avxvnni::gemm_u8s8, avxvnni::probe_u8s8);
}  // namespace avx2_set

namespace avx512_set {
constexpr auto kF32 = float_kernel("avx512-fma.1", kFloat, 32, avx512::gemm_f32, avx512::probe_f32);
constexpr auto kBf16 =
    float_kernel("avx512-bf16w.2", kHalf, 32, avx512::gemm_bf16_widened, avx512::probe_f32);
constexpr auto kInt8 = group_kernel(
    "avx512-s11s8.2", kWord, kByte, 32, 2, {1023, 0}, avx512::gemm_s16s8, avx512::probe_s16s8);
// AVX512_VNNI and AVX512_BF16 add to that set.
constexpr auto kInt8Vnni = group_kernel("avx512vnni-u8s8.2",
                                        kByte,
                                        kByte,
                                        32,
                                        4,
                                        {127, 128},
                                        avx512vnni::gemm_u8s8,
                                        avx512vnni::probe_u8s8);
constexpr auto kBf16Pairs = group_kernel(
    "avx512bf16.2", kHalf, kHalf, 32, 2, {}, avx512bf16::gemm_bf16, avx512bf16::probe_bf16);
constexpr auto kMixed = group_kernel(
    "avx512bf16-mixed.2", kHalf, kFloat, 32, 2, {}, avx512bf16::gemm_mixed, avx512bf16::probe_bf16);
}  // namespace avx512_set

namespace amx_set {
constexpr auto kBf16 = tile_kernel("amx-bf16.1", kHalf, kHalf, 0, amx::gemm_bf16, amx::probe_bf16);
constexpr auto kMixed =
    tile_kernel("amx-mixed.1", kHalf, kFloat, 0, amx::gemm_mixed, amx::probe_bf16);
constexpr auto kSplit =
    tile_kernel("amx-bf16x3.1", kThirds, kThirds, 0, amx::gemm_bf16x3, amx::probe_bf16x3);
constexpr auto kInt8 =
    tile_kernel("amx-s8s8.1", kByte, kByte, 127, amx::gemm_s8s8, amx::probe_s8s8);
}  // namespace amx_set

}  // namespace

const CpuKernels kGenericKernels = {generic_set::kF32,
                                    generic_set::kF32,
                                    generic_set::kF32,
                                    generic_set::kBf16,
                                    generic_set::kInt8,
                                    generic::attention_f32,
                                    nullptr,
                                    generic::layer_norm,
                                    generic::layer_norm,
                                    generic::quantize,
                                    generic::embed};

const CpuKernels kAvx2Kernels = {avx2_set::kF32,
                                 avx2_set::kF32,
                                 avx2_set::kF32,
                                 avx2_set::kBf16,
                                 avx2_set::kInt8,
                                 avx2::attention_f32,
                                 nullptr,
                                 avx2::layer_norm,
                                 avx2::layer_norm,
                                 avx2::quantize,
                                 avx2::embed};

const CpuKernels kAvxVnniKernels = {avx2_set::kF32,
                                    avx2_set::kF32,
                                    avx2_set::kF32,
                                    avx2_set::kBf16,
                                    avx2_set::kInt8Vnni,
                                    avx2::attention_f32,
                                    nullptr,
                                    avx2::layer_norm,
                                    avx2::layer_norm,
                                    avx2::quantize,
                                    avx2::embed};

const CpuKernels kAvx512Kernels = {avx512_set::kF32,
                                   avx512_set::kF32,
                                   avx512_set::kF32,
                                   avx512_set::kBf16,
                                   avx512_set::kInt8,
                                   avx512::attention_f32,
                                   nullptr,
                                   avx512::layer_norm,
                                   avx512::layer_norm,
                                   avx512::quantize,
                                   avx512::embed};

const CpuKernels kAvx512VnniKernels = {avx512_set::kF32,
                                       avx512_set::kF32,
                                       avx512_set::kF32,
                                       avx512_set::kBf16,
                                       avx512_set::kInt8Vnni,
                                       avx512::attention_f32,
                                       nullptr,
                                       avx512::layer_norm,
                                       avx512::layer_norm,
                                       avx512::quantize,
                                       avx512::embed};

const CpuKernels kAvx512Bf16Kernels = {avx512_set::kF32,
                                       avx512_set::kF32,
                                       avx512_set::kMixed,
                                       avx512_set::kBf16Pairs,
                                       avx512_set::kInt8Vnni,
                                       avx512::attention_f32,
                                       avx512bf16::attention_bf16,
                                       avx512bf16::layer_norm,
                                       avx512bf16::layer_norm,
                                       avx512::quantize,
                                       avx512::embed};

const CpuKernels kAmxKernels = {avx512_set::kF32,
                                amx_set::kSplit,
                                amx_set::kMixed,
                                amx_set::kBf16,
                                amx_set::kInt8,
                                avx512::attention_f32,
                                amx::attention_bf16,
                                avx512bf16::layer_norm,
                                amx::layer_norm,
                                amx::quantize,
                                avx512::embed};

}  // namespace rr::kernels
