#include <cstdint>

#include "kernels/cpu/avx2/avx2_inl.h"
#include "kernels/cpu/simd/vec_avx2_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/math_inl.h"
// Last: uses both.
#include "kernels/cpu/simd/attention_inl.h"

namespace rr::kernels::avx2 {

void attention_f32(const AttentionArgs& args) {
  attention_rows_f32(args);
}

}  // namespace rr::kernels::avx2
