#include <cstdint>

#include "kernels/cpu/avx512/avx512_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/math_inl.h"
// Last: uses both.
#include "kernels/cpu/simd/gemm_inl.h"

namespace rr::kernels::avx512 {

void gemm_f32(const GemmArgs& args) {
  gemm<DotF32, GeluExact>(args, NoBf16());
}

void gemm_bf16_widened(const GemmArgs& args) {
  gemm<DotBf16Widened, GeluExact>(args, NoBf16());
}

void gemm_s16s8(const GemmArgs& args) {
  gemm<DotS16S8, GeluShort>(args, NoBf16());
}

std::int64_t probe_f32(std::int64_t rounds, float* sink) {
  constexpr std::int64_t kOperations = 2 * V::kLanes;
  return probe<DotF32, 10>(rounds, sink, V::set1(0.5F), V::set1(1.0F), kOperations);
}

std::int64_t probe_s16s8(std::int64_t rounds, float* sink) {
  constexpr std::int64_t kOperations = 4 * V::kLanes;
  return probe<DotS16S8, 4>(
      rounds, sink, V::set1_i(0x01020304), V::set1_i(0x01ff02fe), kOperations);
}

}  // namespace rr::kernels::avx512
