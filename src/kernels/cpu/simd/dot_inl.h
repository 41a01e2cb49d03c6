// The ways to multiply-accumulate one group of neighbouring k: a Dot says what a and b are, how
// many rows and vectors of columns a register tile holds, and does one step. Include a vec_*_inl.h
// first. Steps are the same for every row, so the order over k never depends on the tile's height.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace {

inline std::int32_t load_group(const void* p) {
  std::int32_t group = 0;
  __builtin_memcpy(&group, p, sizeof group);
  return group;
}

// f32 · f32. Rows: accumulators, two vectors of b and one of a fill the registers.
struct DotF32 {
  using A = float;
  using B = float;
  using Acc = V::F;
  using Value = float;
  static constexpr int kRows = V::kLanes == 16 ? 14 : 6;
  static constexpr int kVectors = 2;
  static constexpr int kGroup = 1;
  static Acc zero() { return V::zero(); }
  static V::F load_a(const A* a) { return V::set1(*a); }
  static V::F load_b(const B* b, int vector) { return V::load(b + vector * V::kLanes); }
  static Acc step(Acc c, V::F a, V::F b) { return V::fma(a, b, c); }
  static void store(Value* p, Acc c) { V::store(p, c); }
};

// f32 · bf16, widened exactly to f32 on the way.
struct DotBf16Widened : DotF32 {
  using B = std::uint16_t;
  static V::F load_b(const B* b, int vector) { return V::load_bf16(b + vector * V::kLanes); }
};

// s16 · s8, pairs of k, the weights widened on the way, exact 32-bit sums: with |a| ≤ 1023 and
// |b| ≤ 127 they hold for K up to 16,384.
struct DotS16S8 {
  using A = std::int16_t;
  using B = std::int8_t;
  using Acc = V::I;
  using Value = std::int32_t;
  static constexpr int kRows = V::kLanes == 16 ? 14 : 6;
  static constexpr int kVectors = 2;
  static constexpr int kGroup = 2;
  static Acc zero() { return V::zero_i(); }
  static V::I load_a(const A* a) { return V::set1_i(load_group(a)); }
  static V::I load_b(const B* b, int vector) { return V::widen_i8(b + vector * V::kLanes * 2); }
  static Acc step(Acc c, V::I a, V::I b) { return V::dot_i16(c, a, b); }
  static void store(Value* p, Acc c) { V::store_i(p, c); }
};

// c[Rows, columns] = a · panel over `groups` groups of k, raw sums. The loops over rows and vectors
// are unrolled by the compiler into registers.
template <typename Dot, int Rows>
inline void tile(const typename Dot::A* a,
                 std::int64_t a_stride,
                 const typename Dot::B* b,
                 std::int64_t groups,
                 typename Dot::Value* c,
                 std::int64_t c_stride) {
  constexpr int kVectors = Dot::kVectors;
  constexpr std::int64_t kStep = kVectors * V::kLanes * Dot::kGroup;
  typename Dot::Acc sum[Rows][kVectors];
#pragma GCC unroll 16
  for (int m = 0; m < Rows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sum[m][v] = Dot::zero();
    }
  }
  for (std::int64_t k = 0; k < groups; ++k, b += kStep, a += Dot::kGroup) {
    decltype(Dot::load_b(b, 0)) column[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      column[v] = Dot::load_b(b, v);
    }
#pragma GCC unroll 16
    for (int m = 0; m < Rows; ++m) {
      const auto value = Dot::load_a(a + m * a_stride);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        sum[m][v] = Dot::step(sum[m][v], value, column[v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < Rows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      Dot::store(c + m * c_stride + v * V::kLanes, sum[m][v]);
    }
  }
}

// tile() for 1 ≤ rows ≤ Dot::kRows, as a full tile or as tiles of 8, 4, 2 and 1 rows.
template <typename Dot>
inline void tile_rows(int rows,
                      const typename Dot::A* a,
                      std::int64_t a_stride,
                      const typename Dot::B* b,
                      std::int64_t groups,
                      typename Dot::Value* c,
                      std::int64_t c_stride) {
  if (rows == Dot::kRows) {
    tile<Dot, Dot::kRows>(a, a_stride, b, groups, c, c_stride);
    return;
  }
  if constexpr (Dot::kRows > 8) {
    if ((rows & 8) != 0) {
      tile<Dot, 8>(a, a_stride, b, groups, c, c_stride);
      a += 8 * a_stride;
      c += 8 * c_stride;
    }
  }
  if ((rows & 4) != 0) {
    tile<Dot, 4>(a, a_stride, b, groups, c, c_stride);
    a += 4 * a_stride;
    c += 4 * c_stride;
  }
  if ((rows & 2) != 0) {
    tile<Dot, 2>(a, a_stride, b, groups, c, c_stride);
    a += 2 * a_stride;
    c += 2 * c_stride;
  }
  if ((rows & 1) != 0) {
    tile<Dot, 1>(a, a_stride, b, groups, c, c_stride);
  }
}

}  // namespace
