#include <cstdint>

#include "kernels/cpu/avxvnni/avxvnni_inl.h"
#include "kernels/cpu/simd/vec_avx2_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/math_inl.h"
// Last: uses both.
#include "kernels/cpu/simd/gemm_inl.h"

namespace {

// u8 · s8 in groups of four, one VEX-encoded instruction. The sums cannot overflow:
// |Σ| ≤ K·255·127.
struct DotU8S8 {
  using A = std::uint8_t;
  using B = std::int8_t;
  using Acc = V::I;
  using Value = std::int32_t;
  static constexpr int kRows = 6;
  static constexpr int kVectors = 2;
  static constexpr int kGroup = 4;
  static Acc zero() { return V::zero_i(); }
  static V::I load_a(const A* a) { return V::set1_i(load_group(a)); }
  static V::I load_b(const B* b, int vector) { return V::load_i(b + vector * V::kLanes * 4); }
  static Acc step(Acc c, V::I a, V::I b) { return _mm256_dpbusd_avx_epi32(c, a, b); }
  static void store(Value* p, Acc c) { V::store_i(p, c); }
};

}  // namespace

namespace rr::kernels::avxvnni {

void gemm_u8s8(const GemmArgs& args) {
  gemm<DotU8S8, GeluShort>(args, NoBf16());
}

std::int64_t probe_u8s8(std::int64_t rounds, float* sink) {
  constexpr std::int64_t kOperations = 8 * V::kLanes;
  return probe<DotU8S8, 10>(
      rounds, sink, V::set1_i(0x01020304), V::set1_i(0x01ff02fe), kOperations);
}

}  // namespace rr::kernels::avxvnni
