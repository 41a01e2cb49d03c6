// Attention of one head with f32 products: keys packed transposed and values packed into panels,
// then for each block of query rows a strip of all its scores, one exact softmax over each row, and
// the product with the values, divided by the row's sum at the end. Nothing is rescaled on the way,
// so one order of operations serves every length. Include vec_*_inl.h, math_inl.h and dot_inl.h
// first.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace {

using rr::kernels::AttentionArgs;

inline std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// scores of one row become e^(scale·(score − max)); returns their sum. Keys beyond `keys` in the
// last vector become zero.
inline float softmax_row(float* score, std::int64_t keys, float scale) {
  V::F largest = V::load_first(score, keys);
  const std::int64_t whole = keys / V::kLanes * V::kLanes;
  if (whole > 0) {
    largest = V::load(score);
    for (std::int64_t key = V::kLanes; key < whole; key += V::kLanes) {
      largest = V::max(largest, V::load(score + key));
    }
  }
  float most = V::largest(largest);
  for (std::int64_t key = whole; key < keys; ++key) {
    most = score[key] > most ? score[key] : most;
  }
  const V::F factor = V::set1(scale);
  const V::F limit = V::set1(most);
  V::F sum = V::zero();
  for (std::int64_t key = 0; key < keys; key += V::kLanes) {
    const V::F distance = V::mul(V::sub(V::load(score + key), limit), factor);
    const V::F p = V::keep_first(exp_v(distance), keys - key);
    sum = V::add(sum, p);
    V::store(score + key, p);
  }
  return V::sum(sum);
}

// packed[keys / columns][d][columns], zero beyond `keys`.
inline void pack_keys_f32(const AttentionArgs& args, std::int64_t columns, float* packed) {
  const auto* k = static_cast<const float*>(args.k);
  const std::int64_t padded = round_up(args.keys, columns);
  for (std::int64_t key = 0; key < padded; ++key) {
    float* to = packed + key / columns * columns * args.head_size + key % columns;
    const float* from = k + key * args.kv_stride;
    for (std::int64_t d = 0; d < args.head_size; ++d) {
      to[d * columns] = key < args.keys ? from[d] : 0.0F;
    }
  }
}

// packed[D / columns][keys][columns], zero beyond D.
inline void pack_values_f32(const AttentionArgs& args, std::int64_t columns, float* packed) {
  const auto* v = static_cast<const float*>(args.v);
  for (std::int64_t first = 0; first < args.head_size; first += columns) {
    for (std::int64_t key = 0; key < args.keys; ++key, packed += columns) {
      const float* from = v + key * args.kv_stride + first;
      for (std::int64_t n = 0; n < columns; n += V::kLanes) {
        const std::int64_t left = args.head_size - first - n;
        V::store(packed + n,
                 left >= V::kLanes ? V::load(from + n)
                 : left > 0        ? V::load_first(from + n, left)
                                   : V::zero());
      }
    }
  }
}

// out[rows, D] = sums · inverse, D may end inside a panel.
inline void store_context_f32(const AttentionArgs& args,
                              std::int64_t query,
                              int rows,
                              std::int64_t first,
                              std::int64_t columns,
                              const float* sum,
                              const float* inverse) {
  for (int m = 0; m < rows; ++m) {
    float* out = static_cast<float*>(args.out) + (query + m) * args.out_stride + first;
    const V::F factor = V::set1(inverse[m]);
    for (std::int64_t n = 0; n < columns; n += V::kLanes) {
      const std::int64_t left = args.head_size - first - n;
      const V::F x = V::mul(V::load(sum + m * columns + n), factor);
      if (left >= V::kLanes) {
        V::store(out + n, x);
      } else if (left > 0) {
        V::store_first(out + n, x, left);
      }
    }
  }
}

inline void attention_rows_f32(const AttentionArgs& args) {
  using Dot = DotF32;
  constexpr std::int64_t kColumns = Dot::kVectors * V::kLanes;
  const std::int64_t padded_keys = round_up(args.keys, kColumns);
  auto* packed_keys = static_cast<float*>(args.scratch);
  float* packed_values = packed_keys + padded_keys * args.head_size;
  float* strip = packed_values + args.keys * round_up(args.head_size, kColumns);
  pack_keys_f32(args, kColumns, packed_keys);
  pack_values_f32(args, kColumns, packed_values);
  alignas(64) float sum[Dot::kRows * kColumns];
  float inverse[Dot::kRows];
  for (std::int64_t query = 0; query < args.queries; query += Dot::kRows) {
    const std::int64_t left = args.queries - query;
    const int rows = left < Dot::kRows ? static_cast<int>(left) : Dot::kRows;
    const float* q = static_cast<const float*>(args.q) + query * args.q_stride;
    for (std::int64_t key = 0; key < padded_keys; key += kColumns) {
      tile_rows<Dot>(rows,
                     q,
                     args.q_stride,
                     packed_keys + key * args.head_size,
                     args.head_size,
                     strip + key,
                     padded_keys);
    }
    for (int m = 0; m < rows; ++m) {
      inverse[m] = 1.0F / softmax_row(strip + m * padded_keys, args.keys, args.scale);
    }
    for (std::int64_t first = 0; first < args.head_size; first += kColumns) {
      tile_rows<Dot>(
          rows, strip, padded_keys, packed_values + first * args.keys, args.keys, sum, kColumns);
      store_context_f32(args, query, rows, first, kColumns, sum, inverse);
    }
  }
}

}  // namespace
