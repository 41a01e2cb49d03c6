#include <cstdint>

#include "kernels/cpu/avx512/avx512_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/math_inl.h"
// Last: uses both.
#include "kernels/cpu/simd/attention_inl.h"

namespace rr::kernels::avx512 {

void attention_f32(const AttentionArgs& args) {
  attention_rows_f32(args);
}

}  // namespace rr::kernels::avx512
