// Eight floats, in AVX2 and FMA. One of the two vector types over which simd/*_inl.h is written;
// the other is vec_avx512_inl.h. `max` and `min` return their second operand when one is NaN, so
// that max(limit, x) keeps a NaN x.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

struct V {
  using F = __m256;
  using I = __m256i;
  static constexpr std::int64_t kLanes = 8;

  static F load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, F x) { _mm256_storeu_ps(p, x); }
  static F set1(float x) { return _mm256_set1_ps(x); }
  static F zero() { return _mm256_setzero_ps(); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F div(F a, F b) { return _mm256_div_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }    // a·b + c
  static F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }  // c − a·b
  static F max(F a, F b) { return _mm256_max_ps(a, b); }
  static F min(F a, F b) { return _mm256_min_ps(a, b); }
  static F sqrt(F x) { return _mm256_sqrt_ps(x); }
  static F abs(F x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static F round(F x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // x·2^n for whole n in [−126, 127]; a NaN x stays NaN.
  static F scale_by_power(F x, F n) {
    const I exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return mul(x, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
  }

  static I first_mask(std::int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static F load_first(const float* p, std::int64_t count) {
    return _mm256_maskload_ps(p, first_mask(count));
  }
  static void store_first(float* p, F x, std::int64_t count) {
    _mm256_maskstore_ps(p, first_mask(count), x);
  }
  static F keep_first(F x, std::int64_t count) {
    return _mm256_and_ps(x, _mm256_castsi256_ps(first_mask(count)));
  }

  // Fixed trees: halves, quarters, neighbours.
  static float sum(F x) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
  }
  static float largest(F x) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps(half, half, 1)));
  }

  static F load_bf16(const std::uint16_t* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  // Whole numbers in [0, 255] as bytes, from floats in [−zero, 255 − zero].
  static F load_i8(const std::int8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  static void store_u8(std::uint8_t* p, F x, int zero) {
    const I whole = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(zero));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
  }
  // Whole numbers of up to 15 bits, signed.
  static void store_i16(std::int16_t* p, F x) {
    const I whole = _mm256_cvtps_epi32(x);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), words);
  }

  static I zero_i() { return _mm256_setzero_si256(); }
  static I load_i(const void* p) { return _mm256_loadu_si256(static_cast<const I*>(p)); }
  static void store_i(std::int32_t* p, I x) { _mm256_storeu_si256(reinterpret_cast<I*>(p), x); }
  static I set1_i(std::int32_t x) { return _mm256_set1_epi32(x); }
  static I sub_i(I a, I b) { return _mm256_sub_epi32(a, b); }
  static F to_float(I x) { return _mm256_cvtepi32_ps(x); }
  static I widen_i8(const std::int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  // c + Σ2 a·b in each 32-bit lane, both signed 16-bit.
  static I dot_i16(I c, I a, I b) { return _mm256_add_epi32(c, _mm256_madd_epi16(a, b)); }
};

}  // namespace
