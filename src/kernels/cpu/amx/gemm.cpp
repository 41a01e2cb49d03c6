#include <cstdint>

#include "kernels/cpu/amx/amx_inl.h"
#include "kernels/cpu/amx/tiles_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The functions over that vector.
#include "kernels/cpu/simd/math_inl.h"
// What a product does with its sums.
#include "kernels/cpu/amx/finish_inl.h"
// Last: uses all of them.
#include "kernels/cpu/amx/gemm_inl.h"

namespace rr::kernels::amx {

void gemm_bf16(const GemmArgs& args) {
  gemm_tiles<Bf16Step, Bf16Sums, AsStored>(args, sizeof(std::uint16_t));
}

void gemm_mixed(const GemmArgs& args) {
  gemm_tiles<Bf16Step, Bf16Sums, RoundedToBf16>(args, sizeof(std::uint16_t));
}

void gemm_s8s8(const GemmArgs& args) {
  gemm_tiles<S8Step, S8Sums, AsStored>(args, sizeof(std::int8_t));
}

std::int64_t probe_bf16(std::int64_t rounds, float* sink) {
  return probe_tiles<Bf16Step>(rounds, sink, std::int64_t{2} * 16 * 16 * kBf16DepthBlock);
}

std::int64_t probe_s8s8(std::int64_t rounds, float* sink) {
  return probe_tiles<S8Step>(rounds, sink, std::int64_t{2} * 16 * 16 * kInt8DepthBlock);
}

}  // namespace rr::kernels::amx
