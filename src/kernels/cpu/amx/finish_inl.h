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

// The epilogues that run often have a kernel of their own; the others share one. Each walks down
// the rows of a block: constructed at its first element, called with each half of a row, advanced.
class FinishBias {
 public:
  static constexpr bool kInPlace = false;
  FinishBias(const GemmArgs& /*args*/, std::int64_t /*row*/, std::int64_t /*column*/) {}
  V::F operator()(V::F x, int /*lane*/) const { return x; }
  void advance() {}
};

class FinishGelu : public FinishBias {
 public:
  using FinishBias::FinishBias;
  V::F operator()(V::F x, int /*lane*/) const { return gelu_tile_v(x); }
};

// Nothing to do: sums are taken up from c and put back there.
class Accumulate : public FinishBias {
 public:
  using FinishBias::FinishBias;
  static constexpr bool kInPlace = true;
};

class FinishResidual {
 public:
  static constexpr bool kInPlace = false;
  FinishResidual(const GemmArgs& args, std::int64_t row, std::int64_t column)
      : residual_(args.residual + row * args.residual_stride + column),
        stride_(args.residual_stride) {}
  V::F operator()(V::F x, int lane) const { return V::add(x, V::load(residual_ + lane)); }
  void advance() { residual_ += stride_; }

 private:
  const float* residual_;
  std::int64_t stride_;
};

class FinishOther {
 public:
  static constexpr bool kInPlace = false;
  FinishOther(const GemmArgs& args, std::int64_t /*row*/, std::int64_t /*column*/)
      : epilogue_(args.epilogue) {}
  V::F operator()(V::F x, int /*lane*/) const {
    switch (epilogue_) {
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
  void advance() {}

 private:
  Epilogue epilogue_;
};

// How a block's sums begin and what they stand for. Bf16 products: sums that began as the bias.
class Bf16Sums {
 public:
  using Value = float;
  static constexpr bool kBeginsAsBias = true;
  static constexpr bool kAccumulates = true;
  Bf16Sums(const GemmArgs& /*args*/, std::int64_t /*row*/, std::int64_t /*column*/) {}
  V::F operator()(const float* sums, int /*lane*/) const { return V::load(sums); }
  void advance() {}
};

// s8 products: whole numbers, to be scaled by their row and column.
class S8Sums {
 public:
  using Value = std::int32_t;
  static constexpr bool kBeginsAsBias = false;
  static constexpr bool kAccumulates = false;
  S8Sums(const GemmArgs& args, std::int64_t row, std::int64_t column)
      : row_scale_(args.a_scale + row),
        column_scale_(args.b_scale + column),
        bias_(args.bias + column) {}
  V::F operator()(const std::int32_t* sums, int lane) const {
    const V::F scale = V::mul(V::set1(*row_scale_), V::load(column_scale_ + lane));
    return V::fma(V::to_float(V::load_i(sums)), scale, V::load(bias_ + lane));
  }
  void advance() { ++row_scale_; }

 private:
  const float* row_scale_;
  const float* column_scale_;
  const float* bias_;
};

struct WriteF32 {
  using C = float;
  void operator()(float* c, V::F x, V::F y) const {
    V::store(c, x);
    V::store(c + V::kLanes, y);
  }
};

struct WriteBf16 {
  using C = std::uint16_t;
  void operator()(std::uint16_t* c, V::F x, V::F y) const {
    const __m512bh pairs = _mm512_cvtne2ps_pbh(y, x);
    __builtin_memcpy(c, &pairs, sizeof pairs);
  }
};

// The rows of one block from the first to the last: 32 columns from `column`, whose sums lie in
// four tiles.
template <typename Sums, typename Finish, typename Write>
class BlockFinisher {
 public:
  using Value = typename Sums::Value;

  BlockFinisher(const GemmArgs& args, std::int64_t row, std::int64_t column, const Value* tiles)
      : sums_(args, row, column),
        finish_(args, row, column),
        tiles_(tiles),
        c_(static_cast<typename Write::C*>(args.c) + row * args.c_stride + column),
        c_stride_(args.c_stride) {}

  __attribute__((always_inline)) void next_row() {
    constexpr int kTile = 256;
    const Value* left = tiles_ + (row_ >> 4) * 2 * kTile + (row_ & 15) * V::kLanes;
    const V::F x = finish_(sums_(left, 0), 0);
    const V::F y = finish_(sums_(left + kTile, V::kLanes), V::kLanes);
    Write()(c_, x, y);
    c_ += c_stride_;
    ++row_;
    sums_.advance();
    finish_.advance();
  }

  void next_rows(int count) {
    for (int i = 0; i < count; ++i) {
      next_row();
    }
  }

 private:
  Sums sums_;
  Finish finish_;
  const Value* tiles_;
  typename Write::C* c_;
  std::int64_t c_stride_;
  int row_ = 0;
};

}  // namespace
