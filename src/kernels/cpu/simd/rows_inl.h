// LayerNorm and per-row quantisation on vectors; include a vec_*_inl.h first. Sums run over the
// lanes in steps, then over one fixed tree, so they depend on the number of columns alone.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace {

using rr::kernels::LayerNormArgs;
using rr::kernels::QuantizeArgs;

inline float row_sum(const float* x, std::int64_t columns) {
  V::F sum = V::zero();
  std::int64_t h = 0;
  for (; h + V::kLanes <= columns; h += V::kLanes) {
    sum = V::add(sum, V::load(x + h));
  }
  if (h < columns) {
    sum = V::add(sum, V::load_first(x + h, columns - h));
  }
  return V::sum(sum);
}

inline float row_squares(const float* x, std::int64_t columns, V::F mean) {
  V::F sum = V::zero();
  std::int64_t h = 0;
  for (; h + V::kLanes <= columns; h += V::kLanes) {
    const V::F d = V::sub(V::load(x + h), mean);
    sum = V::fma(d, d, sum);
  }
  if (h < columns) {
    const std::int64_t rest = columns - h;
    const V::F d = V::keep_first(V::sub(V::load_first(x + h, rest), mean), rest);
    sum = V::fma(d, d, sum);
  }
  return V::sum(sum);
}

// StoreBf16 gives (to, vector): what a second copy of y is written with; null y_bf16 for none.
template <typename StoreBf16>
void layer_norm_rows(const LayerNormArgs& args, StoreBf16 store_bf16) {
  const auto count = static_cast<float>(args.columns);
  for (std::int64_t m = 0; m < args.rows; ++m) {
    const float* x = args.x + m * args.x_stride;
    float* y = args.y + m * args.y_stride;
    const V::F mean = V::set1(row_sum(x, args.columns) / count);
    const float variance = row_squares(x, args.columns, mean) / count;
    const V::F root = V::set1(variance + args.eps);
    const V::F inverse = V::div(V::set1(1.0F), V::sqrt(root));
    // Whole vectors, pads included: rows have room for them, and weight and bias are zero there.
    for (std::int64_t h = 0; h < args.padded_columns; h += V::kLanes) {
      const std::int64_t rest = args.columns - h;
      const V::F d = V::mul(V::sub(V::load(x + h), mean), inverse);
      V::F z = V::fma(d, V::load_first(args.weight + h, rest), V::load_first(args.bias + h, rest));
      z = V::keep_first(z, rest);
      V::store(y + h, z);
      if (args.y_bf16 != nullptr) {
        store_bf16(args.y_bf16 + m * args.y_bf16_stride + h, z);
      }
    }
  }
}

inline void quantize_rows(const QuantizeArgs& args) {
  for (std::int64_t m = 0; m < args.rows; ++m) {
    const float* x = args.x + m * args.x_stride;
    V::F largest = V::zero();
    V::F poison = V::zero();  // NaN once a value was NaN or infinite: max would lose it
    for (std::int64_t h = 0; h < args.columns; h += V::kLanes) {
      const V::F value = V::load_first(x + h, args.columns - h);
      largest = V::max(largest, V::abs(value));
      poison = V::fma(value, V::zero(), poison);
    }
    const float most = V::largest(largest);
    args.scale[m] = most / static_cast<float>(args.limit) + V::sum(poison);
    const V::F inverse = V::set1(most > 0 ? static_cast<float>(args.limit) / most : 0);
    for (std::int64_t h = 0; h < args.padded_columns; h += V::kLanes) {
      const V::F value = V::load_first(x + h, args.columns - h);
      const V::F scaled = V::mul(value, inverse);
      const std::int64_t at = m * args.y_stride + h;
      if (args.y_storage == rr::kernels::Storage::kI16) {
        V::store_i16(static_cast<std::int16_t*>(args.y) + at, scaled);
      } else {
        V::store_u8(static_cast<std::uint8_t*>(args.y) + at, scaled, args.zero_point);
      }
    }
  }
}

}  // namespace
