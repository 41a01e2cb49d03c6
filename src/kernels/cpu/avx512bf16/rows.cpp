#include <cstdint>

#include "kernels/cpu/avx512bf16/avx512bf16_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/rows_inl.h"
// Last: uses those.
#include "kernels/cpu/avx512bf16/bf16_inl.h"

namespace rr::kernels::avx512bf16 {

void layer_norm(const LayerNormArgs& args) {
  layer_norm_rows(args, StoreBf16());
}

}  // namespace rr::kernels::avx512bf16
