// Dots over bf16 pairs; include vec_avx512_inl.h and dot_inl.h first.
#pragma once

namespace {

using Pairs = __m512bh;  // 32 bf16: sixteen columns' pairs of k

struct StoreBf16 {
  void operator()(std::uint16_t* to, V::F x) const {
    const __m256bh half = _mm512_cvtneps_pbh(x);
    __builtin_memcpy(to, &half, sizeof half);
  }
};

struct DotBf16 {
  using A = std::uint16_t;
  using B = std::uint16_t;
  using Acc = V::F;
  using Value = float;
  static constexpr int kRows = 14;
  static constexpr int kVectors = 2;
  static constexpr int kGroup = 2;
  static Acc zero() { return V::zero(); }
  static Pairs load_a(const A* a) {
    return reinterpret_cast<Pairs>(_mm512_set1_epi32(load_group(a)));
  }
  static Pairs load_b(const B* b, int vector) {
    return reinterpret_cast<Pairs>(_mm512_loadu_si512(b + vector * V::kLanes * 2));
  }
  static Acc step(Acc c, Pairs a, Pairs b) { return _mm512_dpbf16_ps(c, a, b); }
  static void store(Value* p, Acc c) { V::store(p, c); }
};

// f32 weights in the same order, rounded on the way.
struct DotMixed : DotBf16 {
  using B = float;
  static Pairs load_b(const B* b, int vector) {
    const B* pairs = b + vector * V::kLanes * 2;
    return _mm512_cvtne2ps_pbh(V::load(pairs + V::kLanes), V::load(pairs));
  }
};

}  // namespace
