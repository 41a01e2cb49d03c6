// Sixteen floats, in AVX-512 F, BW, DQ and VL. See vec_avx2_inl.h, whose contract this shares.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

struct V {
  using F = __m512;
  using I = __m512i;
  static constexpr std::int64_t kLanes = 16;

  static F load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, F x) { _mm512_storeu_ps(p, x); }
  static F set1(float x) { return _mm512_set1_ps(x); }
  static F zero() { return _mm512_setzero_ps(); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F sqrt(F x) { return _mm512_sqrt_ps(x); }
  static F abs(F x) { return _mm512_abs_ps(x); }
  static F round(F x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static F scale_by_power(F x, F n) { return _mm512_scalef_ps(x, n); }

  static __mmask16 first_mask(std::int64_t count) {
    const std::int64_t lanes = count < 0 ? 0 : count;
    return static_cast<__mmask16>(lanes >= kLanes ? 0xffffU : (1U << lanes) - 1U);
  }
  static F load_first(const float* p, std::int64_t count) {
    return _mm512_maskz_loadu_ps(first_mask(count), p);
  }
  static void store_first(float* p, F x, std::int64_t count) {
    _mm512_mask_storeu_ps(p, first_mask(count), x);
  }
  static F keep_first(F x, std::int64_t count) { return _mm512_maskz_mov_ps(first_mask(count), x); }

  // Fixed trees: halves, quarters, eighths, neighbours.
  static __m256 upper(F x) { return _mm512_extractf32x8_ps(x, 1); }
  static float sum(F x) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(x), upper(x));
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps(quarter, quarter, 1)));
  }
  static float largest(F x) {
    const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(x), upper(x));
    __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_max_ss(quarter, _mm_shuffle_ps(quarter, quarter, 1)));
  }

  static F load_bf16(const std::uint16_t* p) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static F load_i8(const std::int8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }
  static void store_u8(std::uint8_t* p, F x, int zero) {
    const I whole = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(zero));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(whole));
  }
  static void store_i16(std::int16_t* p, F x) {
    const __m256i words = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(x));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), words);
  }

  static I zero_i() { return _mm512_setzero_si512(); }
  static I load_i(const void* p) { return _mm512_loadu_si512(p); }
  static void store_i(std::int32_t* p, I x) { _mm512_storeu_si512(p, x); }
  static I set1_i(std::int32_t x) { return _mm512_set1_epi32(x); }
  static I sub_i(I a, I b) { return _mm512_sub_epi32(a, b); }
  static F to_float(I x) { return _mm512_cvtepi32_ps(x); }
  static I widen_i8(const std::int8_t* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static I dot_i16(I c, I a, I b) { return _mm512_add_epi32(c, _mm512_madd_epi16(a, b)); }
};

}  // namespace
