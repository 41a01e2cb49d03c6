// Attention of one head with bf16 products: as simd/attention_inl.h, with pairs of d (for the
// scores) and pairs of keys (for the context) side by side. Scores, softmax and sums are f32; the
// probabilities are rounded to bf16 for the second product, over the scores they came from.
#include <cstdint>

#include "kernels/cpu/avx512bf16/avx512bf16_inl.h"
#include "kernels/cpu/simd/vec_avx512_inl.h"
// The algorithms, over that vector.
#include "kernels/cpu/simd/dot_inl.h"
#include "kernels/cpu/simd/math_inl.h"
// Last: use those.
#include "kernels/cpu/avx512bf16/bf16_inl.h"
#include "kernels/cpu/simd/attention_inl.h"

namespace {

constexpr std::int64_t kColumns = DotBf16::kVectors * V::kLanes;

// 2^x, relative error 7.5e-5: below the rounding of its result to bf16.
V::F exp2_short_v(V::F x) {
  const V::F n = V::round(x);
  const V::F f = V::sub(x, n);
  V::F p = V::set1(0.0551726074028071F);
  p = V::fma(p, f, V::set1(0.2426135949202198F));
  p = V::fma(p, f, V::set1(0.6932610668827579F));
  p = V::fma(p, f, V::set1(0.9999279346569615F));
  return V::scale_by_power(p, n);
}

// e^(scale·(score − max)) of one row, as bf16 at the row's start; returns the f32 sum. Keys beyond
// `keys` up to the next even number become zero.
float softmax_row_bf16(float* score, std::int64_t keys, float scale) {
  V::F largest = V::set1(score[0]);
  for (std::int64_t key = 0; key < keys; key += V::kLanes) {
    const __mmask16 valid = V::first_mask(keys - key);
    largest = _mm512_mask_max_ps(largest, valid, largest, V::load(score + key));
  }
  const V::F limit = V::set1(V::largest(largest));
  const V::F factor = V::set1(scale * 1.44269504088896341F);
  auto* probability = reinterpret_cast<std::uint16_t*>(score);
  V::F sum = V::zero();
  for (std::int64_t key = 0; key < keys; key += V::kLanes) {
    const V::F distance = V::mul(V::sub(V::load(score + key), limit), factor);
    const V::F p = V::keep_first(exp2_short_v(distance), keys - key);
    sum = V::add(sum, p);
    StoreBf16()(probability + key, p);
  }
  return V::sum(sum);
}

// packed[keys / columns][d / 2][columns][2], zero beyond `keys` and D.
void pack_keys(const AttentionArgs& args, std::int64_t groups, std::uint16_t* packed) {
  const auto* k = static_cast<const std::uint16_t*>(args.k);
  const std::int64_t padded = round_up(args.keys, kColumns);
  for (std::int64_t key = 0; key < padded; ++key) {
    std::uint16_t* to = packed + (key / kColumns * groups * kColumns + key % kColumns) * 2;
    const std::uint16_t* from = k + key * args.kv_stride;
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::int64_t d = 2 * group;
      to[group * kColumns * 2] = key < args.keys ? from[d] : std::uint16_t{0};
      to[group * kColumns * 2 + 1] =
          key < args.keys && d + 1 < args.head_size ? from[d + 1] : std::uint16_t{0};
    }
  }
}

// packed[D / columns][keys / 2][columns][2], zero beyond `keys` and D.
void pack_values(const AttentionArgs& args, std::uint16_t* packed) {
  const auto* v = static_cast<const std::uint16_t*>(args.v);
  for (std::int64_t first = 0; first < args.head_size; first += kColumns) {
    const std::int64_t left = args.head_size - first;
    const auto width = static_cast<__mmask32>(left >= kColumns ? 0xffffffffU : (1U << left) - 1U);
    for (std::int64_t key = 0; key < args.keys; key += 2, packed += 2 * kColumns) {
      const std::uint16_t* even = v + key * args.kv_stride + first;
      const __mmask32 odd_width = key + 1 < args.keys ? width : 0;
      const __m512i low = _mm512_maskz_loadu_epi16(width, even);
      const __m512i high = _mm512_maskz_loadu_epi16(odd_width, even + args.kv_stride);
      // Each 32-bit lane becomes (even key, odd key) of one column.
      const __m256i low_half = _mm512_castsi512_si256(low);
      const __m256i high_half = _mm512_castsi512_si256(high);
      const __m256i low_rest = _mm512_extracti64x4_epi64(low, 1);
      const __m256i high_rest = _mm512_extracti64x4_epi64(high, 1);
      const auto pairs = [](__m256i a, __m256i b) {
        return _mm512_or_si512(_mm512_cvtepu16_epi32(a),
                               _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16));
      };
      _mm512_storeu_si512(packed, pairs(low_half, high_half));
      _mm512_storeu_si512(packed + kColumns, pairs(low_rest, high_rest));
    }
  }
}

void store_context(const AttentionArgs& args,
                   std::int64_t query,
                   int rows,
                   std::int64_t first,
                   const float* sum,
                   const float* inverse) {
  if (args.out_storage == rr::kernels::Storage::kF32) {
    store_context_f32(args, query, rows, first, kColumns, sum, inverse);
    return;
  }
  for (int m = 0; m < rows; ++m) {
    auto* out = static_cast<std::uint16_t*>(args.out) + (query + m) * args.out_stride + first;
    for (std::int64_t n = 0; n < kColumns && first + n < args.head_size; n += V::kLanes) {
      const V::F x = V::mul(V::load(sum + m * kColumns + n), V::set1(inverse[m]));
      const __m256bh half = _mm512_cvtneps_pbh(x);
      _mm256_mask_storeu_epi16(
          out + n, V::first_mask(args.head_size - first - n), reinterpret_cast<__m256i>(half));
    }
  }
}

}  // namespace

namespace rr::kernels::avx512bf16 {

void attention_bf16(const AttentionArgs& args) {
  const std::int64_t groups = (args.head_size + 1) / 2;
  const std::int64_t key_groups = (args.keys + 1) / 2;
  const std::int64_t padded_keys = round_up(args.keys, kColumns);
  auto* packed_keys = static_cast<std::uint16_t*>(args.scratch);
  std::uint16_t* packed_values = packed_keys + padded_keys * groups * 2;
  auto* strip =
      reinterpret_cast<float*>(packed_values + 2 * key_groups * round_up(args.head_size, kColumns));
  pack_keys(args, groups, packed_keys);
  pack_values(args, packed_values);
  alignas(64) float sum[DotBf16::kRows * kColumns];
  float inverse[DotBf16::kRows];
  for (std::int64_t query = 0; query < args.queries; query += DotBf16::kRows) {
    const std::int64_t left = args.queries - query;
    const int rows = left < DotBf16::kRows ? static_cast<int>(left) : DotBf16::kRows;
    const auto* q = static_cast<const std::uint16_t*>(args.q) + query * args.q_stride;
    for (std::int64_t key = 0; key < padded_keys; key += kColumns) {
      tile_rows<DotBf16>(
          rows, q, args.q_stride, packed_keys + key * groups * 2, groups, strip + key, padded_keys);
    }
    for (int m = 0; m < rows; ++m) {
      inverse[m] = 1.0F / softmax_row_bf16(strip + m * padded_keys, args.keys, args.scale);
    }
    for (std::int64_t first = 0; first < args.head_size; first += kColumns) {
      tile_rows<DotBf16>(rows,
                         reinterpret_cast<const std::uint16_t*>(strip),
                         2 * padded_keys,
                         packed_values + first * key_groups * 2,
                         key_groups,
                         sum,
                         kColumns);
      store_context(args, query, rows, first, sum, inverse);
    }
  }
}

}  // namespace rr::kernels::avx512bf16
