#include <cstdint>

#include "kernels/cpu/amx/amx_inl.h"
#include "kernels/cpu/avx512/avx512_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"

namespace {

using rr::kernels::QuantizeArgs;

// bf16 as a float.
V::F widened(__m256bh half) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(half)), 16));
}

// x = first + second + third, each rounded to nearest from what the ones before left: the
// differences are exact. Infinity and what overflows bf16 leave NaN in the second part.
void split_row(const QuantizeArgs& args, const float* x, std::uint16_t* y) {
  for (std::int64_t h = 0; h < args.padded_columns; h += V::kLanes) {
    V::F rest = V::load_first(x + h, args.columns - h);
    for (int part = 0; part < 3; ++part) {
      const __m256bh half = _mm512_cvtneps_pbh(rest);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + part * args.y_stride + h),
                          reinterpret_cast<__m256i>(half));
      rest = V::sub(rest, widened(half));
    }
  }
}

}  // namespace

namespace rr::kernels::amx {

void quantize(const QuantizeArgs& args) {
  if (args.y_storage != Storage::kBf16x3) {
    avx512::quantize(args);
    return;
  }
  for (std::int64_t m = 0; m < args.rows; ++m) {
    split_row(args,
              args.x + m * args.x_stride,
              static_cast<std::uint16_t*>(args.y) + m * 3 * args.y_stride);
  }
}

}  // namespace rr::kernels::amx
