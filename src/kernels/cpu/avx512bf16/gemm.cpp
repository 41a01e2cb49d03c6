#include <cstdint>

#include "kernels/cpu/avx512bf16/avx512bf16_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/math_inl.h"
// Last: use those.
#include "kernels/cpu/avx512bf16/bf16_inl.h"
#include "kernels/cpu/simd/gemm_inl.h"

namespace rr::kernels::avx512bf16 {

void gemm_bf16(const GemmArgs& args) {
  gemm<DotBf16, GeluShort>(args, StoreBf16());
}

void gemm_mixed(const GemmArgs& args) {
  gemm<DotMixed, GeluShort>(args, StoreBf16());
}

std::int64_t probe_bf16(std::int64_t rounds, float* sink) {
  constexpr std::int64_t kOperations = 4 * V::kLanes;
  constexpr int kOnes = 0x3f803f80;
  const auto one = reinterpret_cast<Pairs>(V::set1_i(kOnes));
  return probe<DotBf16, 10>(rounds, sink, one, one, kOperations);
}

}  // namespace rr::kernels::avx512bf16
