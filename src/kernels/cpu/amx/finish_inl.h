// What becomes of a block's sums: one row of 32 columns at a time, so that the rows of one block
// can be spread between the tile steps of the next. Include vec_avx512_inl.h and math_inl.h first.
// While tiles multiply, vector instructions run at one a cycle (measured), and a block of K = 384
// takes 12 cycles per vector of results: every operation here counts.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace {

using rr::kernels::Epilogue;
using rr::kernels::GemmArgs;
using rr::kernels::Storage;

// x·Φ(x) by an odd polynomial for Φ − ½ on [−3.9, 3.9], clamped outside: |error| ≤ 1.5e-4 up to
// |x| = 8, 2e-5·|x| beyond. Seven minimax coefficients (linear program over 1,500 points): one less
// than gelu_short_v and still below the rounding of its bf16 or int8 result. NaN stays NaN.
inline V::F gelu_tile_v(V::F x) {
  constexpr int kSmallerMagnitudeWithSignOfX = 2;
  const V::F near = _mm512_range_ps(x, V::set1(3.9F), kSmallerMagnitudeWithSignOfX);
  const V::F square = V::mul(near, near);
  V::F p = V::set1(2.6271385614817956e-08F);
  p = V::fma(p, square, V::set1(-1.7704900212650162e-06F));
  p = V::fma(p, square, V::set1(5.123717255700905e-05F));
  p = V::fma(p, square, V::set1(-0.000844511108002287F));
  p = V::fma(p, square, V::set1(0.008913784435882975F));
  p = V::fma(p, square, V::set1(-0.06486948058563408F));
  p = V::fma(p, square, V::set1(0.39808563296572846F));
  return V::mul(x, V::fma(p, near, V::set1(0.5F)));
}

// The epilogues that run often have a kernel of their own; the others share one.
struct FinishBias {
  static V::F apply(const GemmArgs& /*args*/, std::int64_t /*row*/, std::int64_t /*n*/, V::F x) {
    return x;
  }
};

struct FinishGelu {
  static V::F apply(const GemmArgs& /*args*/, std::int64_t /*row*/, std::int64_t /*n*/, V::F x) {
    return gelu_tile_v(x);
  }
};

struct FinishResidual {
  static V::F apply(const GemmArgs& args, std::int64_t row, std::int64_t n, V::F x) {
    return V::add(x, V::load(args.residual + row * args.residual_stride + n));
  }
};

struct FinishOther {
  static V::F apply(const GemmArgs& args, std::int64_t /*row*/, std::int64_t /*n*/, V::F x) {
    switch (args.epilogue) {
      case Epilogue::kBiasGeluTanh:
        return gelu_tanh_v(x);
      case Epilogue::kBiasRelu:
        return relu_v(x);
      case Epilogue::kBiasTanh:
        return tanh_v(x);
      default:
        return x;
    }
  }
};

// Sums that began as the bias.
struct Bf16Sums {
  using Value = float;
  static constexpr bool kBeginsAsBias = true;
  static V::F value(const GemmArgs& /*args*/,
                    std::int64_t /*m*/,
                    std::int64_t /*n*/,
                    const float* s) {
    return V::load(s);
  }
};

struct S8Sums {
  using Value = std::int32_t;
  static constexpr bool kBeginsAsBias = false;
  static V::F value(const GemmArgs& args, std::int64_t m, std::int64_t n, const std::int32_t* s) {
    const V::F scale = V::mul(V::set1(args.a_scale[m]), V::load(args.b_scale + n));
    return V::fma(V::to_float(V::load_i(s)), scale, V::load(args.bias + n));
  }
};

// Row `row` of c, columns [column, column + 32); `left` and `right` are its sums.
template <typename Sums, typename Finish>
inline void finish_row(const GemmArgs& args,
                       std::int64_t row,
                       std::int64_t column,
                       const typename Sums::Value* left,
                       const typename Sums::Value* right) {
  const std::int64_t middle = column + V::kLanes;
  const V::F x = Finish::apply(args, row, column, Sums::value(args, row, column, left));
  const V::F y = Finish::apply(args, row, middle, Sums::value(args, row, middle, right));
  const std::int64_t at = row * args.c_stride + column;
  if (args.c_storage == Storage::kBf16) {
    const __m512bh pairs = _mm512_cvtne2ps_pbh(y, x);
    __builtin_memcpy(static_cast<std::uint16_t*>(args.c) + at, &pairs, sizeof pairs);
  } else {
    V::store(static_cast<float*>(args.c) + at, x);
    V::store(static_cast<float*>(args.c) + at + V::kLanes, y);
  }
}

}  // namespace
