// Sixteen floats to bf16, to nearest even, without AVX512_BF16: for kernels of other sets that
// store bf16. NaN stays NaN. Include vec_avx512_inl.h first.
#pragma once

namespace {

struct RoundBf16 {
  void operator()(std::uint16_t* to, V::F x) const {
    const V::I bits = _mm512_castps_si512(x);
    const V::I odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const V::I rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    const V::I quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const V::I kept = _mm512_mask_mov_epi32(rounded, nan, quiet);
    const __m256i half = _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), half);
  }
};

}  // namespace
