// Attention of one head on tiles. Keys are packed once per call with their pairs of d transposed,
// values with pairs of keys side by side. Blocks of 16 queries then go through two passes:
//   1. for each 32 keys: scores = q·kᵀ (f32, one or more TDPBF16PS), p = 2^(scores·factor − shift),
//      rounded to bf16 into a strip of all keys;
//   2. context = p·v over the strip, and the rows' sums as p times a tile of ones, so that
//   numerator
//      and denominator hold the same rounded p; then context / sum.
// Softmax does not depend on the shift, and f32 and bf16 share a range of exponents so wide that
// none is needed while a row's sum stays within 2^±100: the first try takes shift 0 and thereby
// saves a pass over all scores. A row whose sum lies outside is computed again with its largest
// score as shift, as every softmax does it. What a row decides and computes depends on that row,
// the keys and the values alone. Exact over any length: nothing is rescaled on the way.
// Measured beside other designs in docs/decisions/017. Tested by attention_test.cpp.
#include <cstdint>

#include "kernels/cpu/amx/amx_inl.h"
#include "kernels/cpu/amx/tiles_inl.h"

namespace {

using rr::kernels::AttentionArgs;
using rr::kernels::Storage;

constexpr int kStepKeys = 2 * kTileRows;  // two tiles of scores make one tile of p

// Tile registers: the context's columns and the sums; scores; operands.
constexpr int kSums = 4;
constexpr int kOnes = 5;
constexpr int kScores0 = 4;
constexpr int kScores1 = 5;
constexpr int kLeft = 6;
constexpr int kRight = 7;
constexpr std::int64_t kContextTiles = 4;

constexpr std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// The work of one call, laid out in args.scratch.
struct Plan {
  std::int64_t chunks;     // of 32 of d
  std::int64_t steps;      // of 32 keys
  std::uint16_t* keys;     // [steps][2][chunks] tiles: 16 pairs of d × 16 keys
  std::uint16_t* values;   // [chunks][steps][2] tiles: 16 pairs of keys × 16 of d
  std::uint16_t* queries;  // [chunks] tiles: a block with zeros around it
  std::uint16_t* strip;    // [steps] tiles: p of 16 queries × 32 keys
  float* scores;           // [2][2] tiles, two steps
  float* context;          // [kContextTiles + 1] tiles, sums last
  float factor;            // from products to exponents of 2
};

Plan make_plan(const AttentionArgs& args) {
  Plan plan{};
  plan.chunks = (args.head_size + kTileDepth - 1) / kTileDepth;
  plan.steps = (args.keys + kStepKeys - 1) / kStepKeys;
  constexpr std::int64_t kTileHalves = kTileBytes / 2;
  plan.scores = static_cast<float*>(args.scratch);
  plan.context = plan.scores + 4 * kTileFloats;
  plan.queries = reinterpret_cast<std::uint16_t*>(plan.context + (kContextTiles + 1) * kTileFloats);
  plan.keys = plan.queries + plan.chunks * kTileHalves;
  plan.values = plan.keys + 2 * plan.steps * plan.chunks * kTileHalves;
  plan.strip = plan.values + 2 * plan.steps * plan.chunks * kTileHalves;
  plan.factor = args.scale * 1.44269504088896341F;
  return plan;
}

// Rows of `width` of d from `first` on: `rows` of them, then zeros.
struct HalfRows {
  const std::uint16_t* from;
  std::int64_t stride;
  std::int64_t rows;
  __mmask32 width;

  __m512i load(std::int64_t row) const {
    return row < rows ? _mm512_maskz_loadu_epi16(width, from + row * stride)
                      : _mm512_setzero_si512();
  }
};

__mmask32 mask_of(std::int64_t count) {
  return count >= kTileDepth ? 0xffffffffU : (1U << count) - 1U;
}

HalfRows rows_of(const void* base,
                 std::int64_t stride,
                 std::int64_t row,
                 std::int64_t rows,
                 std::int64_t column,
                 std::int64_t columns) {
  const auto* halves = static_cast<const std::uint16_t*>(base);
  return {halves + row * stride + column, stride, rows - row, mask_of(columns - column)};
}

// 16 rows of 16 dwords, transposed: by pairs of rows, of pairs, then of 128-bit lanes.
void transpose_tile(const HalfRows& from, std::uint16_t* to) {
  __m512i r[16];
  __m512i t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    r[i] = from.load(i);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < 4; ++i) {
    _mm512_store_si512(to + i * 32, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
    _mm512_store_si512(to + (i + 8) * 32, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
    _mm512_store_si512(to + (i + 4) * 32, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88));
    _mm512_store_si512(to + (i + 12) * 32, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd));
  }
}

void pack_keys(const AttentionArgs& args, const Plan& plan) {
  std::uint16_t* to = plan.keys;
  for (std::int64_t key = 0; key < plan.steps * kStepKeys; key += kTileRows) {
    for (std::int64_t d = 0; d < args.head_size; d += kTileDepth, to += kTileBytes / 2) {
      transpose_tile(rows_of(args.k, args.kv_stride, key, args.keys, d, args.head_size), to);
    }
  }
}

// The first tile of a pair holds columns 0-3, 8-11, 16-19 and 24-27 of its 32, the second the rest:
// what one unpack of each half gives. store_context() puts them in order again.
void pack_values(const AttentionArgs& args, const Plan& plan) {
  std::uint16_t* to = plan.values;
  for (std::int64_t d = 0; d < args.head_size; d += kTileDepth) {
    for (std::int64_t key = 0; key < plan.steps * kStepKeys; key += kStepKeys, to += kTileBytes) {
      const HalfRows from = rows_of(args.v, args.kv_stride, key, args.keys, d, args.head_size);
      for (std::int64_t pair = 0; pair < kTilePairs; ++pair) {
        const __m512i even = from.load(2 * pair);
        const __m512i odd = from.load(2 * pair + 1);
        _mm512_store_si512(to + pair * 32, _mm512_unpacklo_epi16(even, odd));
        _mm512_store_si512(to + kTileBytes / 2 + pair * 32, _mm512_unpackhi_epi16(even, odd));
      }
    }
  }
}

// A block of queries as tiles: in place, or copied with zeros where rows or d end inside a tile.
struct Queries {
  const std::uint16_t* data;
  std::int64_t row_bytes;
  std::int64_t chunk_step;  // elements between the chunks of a row
};

Queries queries_of(const AttentionArgs& args, const Plan& plan, std::int64_t query) {
  if (query + kTileRows <= args.queries && args.head_size % kTileDepth == 0) {
    return {static_cast<const std::uint16_t*>(args.q) + query * args.q_stride,
            args.q_stride * 2,
            kTileDepth};
  }
  for (std::int64_t chunk = 0; chunk < plan.chunks; ++chunk) {
    const HalfRows from =
        rows_of(args.q, args.q_stride, query, args.queries, chunk * kTileDepth, args.head_size);
    for (std::int64_t row = 0; row < kTileRows; ++row) {
      _mm512_store_si512(plan.queries + chunk * kTileBytes / 2 + row * 32, from.load(row));
    }
  }
  return {plan.queries, kTileRowBytes, kTileBytes / 2};
}

// Scores of 16 queries with the 32 keys of a step, as two tiles.
void score_step(const Plan& plan, const Queries& queries, std::int64_t step, float* scores) {
  tile_zero<kScores0>();
  tile_zero<kScores1>();
  const std::uint16_t* keys = plan.keys + step * plan.chunks * kTileBytes;
  for (std::int64_t chunk = 0; chunk < plan.chunks; ++chunk) {
    const std::uint16_t* first = keys + chunk * kTileBytes / 2;
    tile_load<kLeft>(queries.data + chunk * queries.chunk_step, queries.row_bytes);
    tile_load<kRight>(first, kTileRowBytes);
    tile_dot_bf16<kScores0, kLeft, kRight>();
    tile_load<kRight>(first + plan.chunks * kTileBytes / 2, kTileRowBytes);
    tile_dot_bf16<kScores1, kLeft, kRight>();
  }
  tile_store<kScores0>(scores, kTileRowBytes);
  tile_store<kScores1>(scores + kTileFloats, kTileRowBytes);
}

// 2^x, relative error 7.5e-5: below the rounding of its result to bf16. NaN stays NaN, −∞ gives 0.
__m512 exp2_short(__m512 x) {
  constexpr int kFloor = 1;
  const __m512 f = _mm512_reduce_ps(x, kFloor);
  __m512 p = _mm512_set1_ps(0.0780245227F);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.2260671554F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.6958335405F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.9999252186F));
  return _mm512_scalef_ps(p, x);
}

// p of one step; keys outside `valid` become zero.
void exp_step(const float* scores,
              int rows,
              float factor,
              const float* shift,
              __mmask32 valid,
              std::uint16_t* p) {
  const __m512 scale = _mm512_set1_ps(factor);
  for (int m = 0; m < rows; ++m) {
    const __m512 down = _mm512_set1_ps(-shift[m]);
    const __m512 low = _mm512_load_ps(scores + m * kTilePairs);
    const __m512 high = _mm512_load_ps(scores + kTileFloats + m * kTilePairs);
    const __m512bh both = _mm512_maskz_cvtne2ps_pbh(valid,
                                                    exp2_short(_mm512_fmadd_ps(high, scale, down)),
                                                    exp2_short(_mm512_fmadd_ps(low, scale, down)));
    _mm512_store_si512(p + m * kTileDepth, reinterpret_cast<__m512i>(both));
  }
}

// Fills the strip. The scores of the next step are under way while this step's p are computed.
void probabilities(const AttentionArgs& args,
                   const Plan& plan,
                   const Queries& queries,
                   int rows,
                   const float* shift) {
  score_step(plan, queries, 0, plan.scores);
  for (std::int64_t step = 0; step < plan.steps; ++step) {
    const std::int64_t next = step + 1;
    if (next < plan.steps) {
      score_step(plan, queries, next, plan.scores + next % 2 * 2 * kTileFloats);
    }
    exp_step(plan.scores + step % 2 * 2 * kTileFloats,
             rows,
             plan.factor,
             shift,
             mask_of(args.keys - step * kStepKeys),
             plan.strip + step * kTileBytes / 2);
  }
}

// bf16 1.0, whatever the layout.
struct alignas(64) Ones {
  std::uint32_t pair[kTileRows * kTilePairs];
  constexpr Ones() : pair() {
    for (std::uint32_t& p : pair) {
      p = 0x3f803f80U;
    }
  }
};
constexpr Ones kOnesTile;

// context tiles 0 … 2·Chunks of `chunk` on, and the sums of the strip's rows.
template <int Chunks>
void weigh_values(const Plan& plan, std::int64_t chunk) {
  tile_zero<0>();
  tile_zero<1>();
  tile_zero<2>();
  tile_zero<3>();
  tile_zero<kSums>();
  tile_load<kOnes>(kOnesTile.pair, kTileRowBytes);
  const std::uint16_t* values = plan.values + chunk * plan.steps * kTileBytes;
  for (std::int64_t step = 0; step < plan.steps; ++step, values += kTileBytes) {
    tile_load<kLeft>(plan.strip + step * kTileBytes / 2, kTileRowBytes);
    tile_load<kRight>(values, kTileRowBytes);
    tile_dot_bf16<0, kLeft, kRight>();
    tile_load<kRight>(values + kTileBytes / 2, kTileRowBytes);
    tile_dot_bf16<1, kLeft, kRight>();
    if constexpr (Chunks == 2) {
      const std::uint16_t* more = values + plan.steps * kTileBytes;
      tile_load<kRight>(more, kTileRowBytes);
      tile_dot_bf16<2, kLeft, kRight>();
      tile_load<kRight>(more + kTileBytes / 2, kTileRowBytes);
      tile_dot_bf16<3, kLeft, kRight>();
    }
    tile_dot_bf16<kSums, kLeft, kOnes>();
  }
  tile_store<0>(plan.context, kTileRowBytes);
  tile_store<1>(plan.context + kTileFloats, kTileRowBytes);
  if constexpr (Chunks == 2) {
    tile_store<2>(plan.context + 2 * kTileFloats, kTileRowBytes);
    tile_store<3>(plan.context + 3 * kTileFloats, kTileRowBytes);
  }
  tile_store<kSums>(plan.context + kContextTiles * kTileFloats, kTileRowBytes);
}

// One row of 32 columns: undoes the order of pack_values().
void store_row(
    const AttentionArgs& args, std::int64_t query, std::int64_t d, __m512 low, __m512 high) {
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  const std::int64_t at = query * args.out_stride + d;
  const __mmask32 width = mask_of(args.head_size - d);
  if (args.out_storage == Storage::kBf16) {
    const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
    _mm512_mask_storeu_epi16(
        static_cast<std::uint16_t*>(args.out) + at, width, _mm512_permutexvar_epi64(order, both));
    return;
  }
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  const __m512d a = _mm512_castps_pd(low);
  const __m512d b = _mm512_castps_pd(high);
  float* out = static_cast<float*>(args.out) + at;
  _mm512_mask_storeu_ps(
      out, static_cast<__mmask16>(width), _mm512_castpd_ps(_mm512_permutex2var_pd(a, first, b)));
  _mm512_mask_storeu_ps(out + kTilePairs,
                        static_cast<__mmask16>(width >> kTilePairs),
                        _mm512_castpd_ps(_mm512_permutex2var_pd(a, second, b)));
}

void store_context(const AttentionArgs& args,
                   const Plan& plan,
                   std::int64_t query,
                   int rows,
                   std::int64_t chunk,
                   int chunks) {
  for (int m = 0; m < rows; ++m) {
    const float* row = plan.context + m * kTilePairs;
    const __m512 inverse =
        _mm512_div_ps(_mm512_set1_ps(1.0F), _mm512_load_ps(row + kContextTiles * kTileFloats));
    for (int c = 0; c < chunks; ++c, row += 2 * kTileFloats) {
      store_row(args,
                query + m,
                (chunk + c) * kTileDepth,
                _mm512_mul_ps(_mm512_load_ps(row), inverse),
                _mm512_mul_ps(_mm512_load_ps(row + kTileFloats), inverse));
    }
  }
}

// Rows whose sum is outside 2^±100 get their largest score as shift. Returns whether one was.
bool find_shifts(
    const AttentionArgs& args, const Plan& plan, const Queries& queries, int rows, float* shift) {
  constexpr float kSumMin = 0x1p-100F;
  constexpr float kSumMax = 0x1p100F;
  bool out_of_range = false;
  bool far[kTileRows];
  for (int m = 0; m < rows; ++m) {
    const float sum = plan.context[kContextTiles * kTileFloats + m * kTilePairs];
    far[m] = !(sum > kSumMin && sum < kSumMax);  // NaN too
    out_of_range |= far[m];
  }
  if (!out_of_range) {
    return false;
  }
  __m512 largest[kTileRows];
  for (__m512& row : largest) {
    row = _mm512_set1_ps(-__builtin_inff());
  }
  for (std::int64_t step = 0; step < plan.steps; ++step) {
    score_step(plan, queries, step, plan.scores);
    const __mmask32 valid = mask_of(args.keys - step * kStepKeys);
    for (int m = 0; m < rows; ++m) {
      const float* low = plan.scores + m * kTilePairs;
      const auto low_valid = static_cast<__mmask16>(valid);
      const auto high_valid = static_cast<__mmask16>(valid >> kTilePairs);
      largest[m] = _mm512_mask_max_ps(largest[m], low_valid, largest[m], _mm512_load_ps(low));
      largest[m] =
          _mm512_mask_max_ps(largest[m], high_valid, largest[m], _mm512_load_ps(low + kTileFloats));
    }
  }
  for (int m = 0; m < rows; ++m) {
    shift[m] = far[m] ? _mm512_reduce_max_ps(largest[m]) * plan.factor : 0.0F;
  }
  return true;
}

void attend_block(const AttentionArgs& args, const Plan& plan, std::int64_t query, int rows) {
  const Queries queries = queries_of(args, plan, query);
  float shift[kTileRows] = {};
  bool again = true;
  for (int attempt = 0; attempt < 2 && again; ++attempt) {
    probabilities(args, plan, queries, rows, shift);
    for (std::int64_t chunk = 0; chunk < plan.chunks; chunk += 2) {
      const int chunks = chunk + 1 < plan.chunks ? 2 : 1;
      if (chunks == 2) {
        weigh_values<2>(plan, chunk);
      } else {
        weigh_values<1>(plan, chunk);
      }
      store_context(args, plan, query, rows, chunk, chunks);
    }
    again = attempt == 0 && find_shifts(args, plan, queries, rows, shift);
  }
}

}  // namespace

namespace rr::kernels::amx {

void attention_bf16(const AttentionArgs& args) {
  load_tile_palette();
  const Plan plan = make_plan(args);
  pack_keys(args, plan);
  pack_values(args, plan);
  for (std::int64_t query = 0; query < args.queries; query += kTileRows) {
    const std::int64_t left = args.queries - query;
    attend_block(args, plan, query, left < kTileRows ? static_cast<int>(left) : kTileRows);
  }
}

}  // namespace rr::kernels::amx
