// LayerNorm where it takes a tenth of the time of products in tiles: four chains of sums, and bf16
// written a cache line at a time.
#include <cstdint>

#include "kernels/cpu/amx/amx_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"

namespace {

using rr::kernels::LayerNormArgs;

constexpr int kChains = 4;

// Σ term(vector) over a row, the chains added up in a fixed tree. Lanes beyond `columns` are zero
// after `term`.
template <typename Term>
inline float row_total(std::int64_t columns, Term term) {
  V::F sum[kChains] = {V::zero(), V::zero(), V::zero(), V::zero()};
  std::int64_t h = 0;
  for (; h + kChains * V::kLanes <= columns; h += kChains * V::kLanes) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) {
      sum[chain] = term(sum[chain], h + chain * V::kLanes, V::kLanes);
    }
  }
  for (; h < columns; h += V::kLanes) {
    sum[0] = term(sum[0], h, columns - h);
  }
  return V::sum(V::add(V::add(sum[0], sum[1]), V::add(sum[2], sum[3])));
}

}  // namespace

namespace rr::kernels::amx {

void layer_norm(const LayerNormArgs& args) {
  const auto count = static_cast<float>(args.columns);
  for (std::int64_t m = 0; m < args.rows; ++m) {
    const float* x = args.x + m * args.x_stride;
    float* y = args.y + m * args.y_stride;
    const float total = row_total(args.columns, [x](V::F sum, std::int64_t h, std::int64_t rest) {
      return V::add(sum, V::load_first(x + h, rest));
    });
    const V::F mean = V::set1(total / count);
    const float squares =
        row_total(args.columns, [x, mean](V::F sum, std::int64_t h, std::int64_t rest) {
          const V::F d = V::keep_first(V::sub(V::load_first(x + h, rest), mean), rest);
          return V::fma(d, d, sum);
        });
    const V::F root = V::sqrt(V::set1(squares / count + args.eps));
    const V::F inverse = V::div(V::set1(1.0F), root);
    const auto normal = [&](std::int64_t h) {
      const std::int64_t rest = args.columns - h;
      const V::F d = V::mul(V::sub(V::load_first(x + h, rest), mean), inverse);
      const V::F z =
          V::fma(d, V::load_first(args.weight + h, rest), V::load_first(args.bias + h, rest));
      return V::keep_first(z, rest);
    };
    // Pairs of vectors, pads included: rows have room for them.
    for (std::int64_t h = 0; h < args.padded_columns; h += 2 * V::kLanes) {
      const V::F left = normal(h);
      const V::F right = normal(h + V::kLanes);
      V::store(y + h, left);
      V::store(y + h + V::kLanes, right);
      if (args.y_bf16 != nullptr) {
        const __m512bh pairs = _mm512_cvtne2ps_pbh(right, left);
        __builtin_memcpy(args.y_bf16 + m * args.y_bf16_stride + h, &pairs, sizeof pairs);
      }
    }
  }
}

}  // namespace rr::kernels::amx
