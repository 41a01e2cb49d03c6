// Embedding rows on vectors; include a vec_*_inl.h first. Additions in one fixed order and products
// never fused with them, so that every instruction set gives the bits of generic/rows.cpp.
#pragma once

#include "kernels/kernel_ops_inl.h"

namespace {

using rr::kernels::EmbedArgs;
using rr::kernels::EmbedTable;
using rr::kernels::Storage;

// Elements [h, h + lanes) of a row that begins at element `begin`.
inline V::F table_values(const EmbedTable& table, std::int64_t begin, float scale) {
  if (table.storage == Storage::kF32) {
    return V::load(static_cast<const float*>(table.rows) + begin);
  }
  if (table.storage == Storage::kBf16) {
    return V::load_bf16(static_cast<const std::uint16_t*>(table.rows) + begin);
  }
  V::F product =
      V::mul(V::load_i8(static_cast<const std::int8_t*>(table.rows) + begin), V::set1(scale));
  __asm__("" : "+v"(product));  // a fused multiply-add would round differently
  return product;
}

inline float table_value(const EmbedTable& table, std::int64_t at, float scale) {
  if (table.storage == Storage::kF32) {
    return static_cast<const float*>(table.rows)[at];
  }
  if (table.storage == Storage::kBf16) {
    const std::uint32_t bits = std::uint32_t{static_cast<const std::uint16_t*>(table.rows)[at]}
                               << 16;
    float value = 0;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  }
  float product = static_cast<float>(static_cast<const std::int8_t*>(table.rows)[at]) * scale;
  __asm__("" : "+x"(product));
  return product;
}

inline std::int64_t table_element_bytes(const EmbedTable& table) {
  return table.storage == Storage::kF32 ? 4 : table.storage == Storage::kBf16 ? 2 : 1;
}

inline void prefetch_row(const EmbedTable& table, std::int64_t row, std::int64_t columns) {
  const std::int64_t bytes = columns * table_element_bytes(table);
  const char* at = static_cast<const char*>(table.rows) + row * bytes;
  for (std::int64_t line = 0; line < bytes; line += 64) {
    _mm_prefetch(at + line, _MM_HINT_T0);
  }
}

inline void embed_rows(const EmbedArgs& args) {
  constexpr std::int64_t kAhead = 4;  // rows of a large table come from memory
  const std::int64_t columns = args.columns;
  const auto scale_of = [](const EmbedTable& table, std::int64_t row) {
    return table.scale == nullptr ? 1.0F : table.scale[row];
  };
  for (std::int64_t m = 0; m < args.rows; ++m) {
    if (m + kAhead < args.rows) {
      prefetch_row(args.words, args.input_ids[m + kAhead], columns);
    }
    const std::int64_t word = args.input_ids[m];
    const std::int64_t type = args.token_type_ids[m];
    const std::int64_t position = args.first_position + m;
    const float word_scale = scale_of(args.words, word);
    const float type_scale = scale_of(args.token_types, type);
    const float position_scale = scale_of(args.positions, position);
    float* y = args.y + m * args.y_stride;
    std::int64_t h = 0;
    for (; h + V::kLanes <= columns; h += V::kLanes) {
      V::F sum = table_values(args.words, word * columns + h, word_scale);
      sum = V::add(sum, table_values(args.token_types, type * columns + h, type_scale));
      sum = V::add(sum, table_values(args.positions, position * columns + h, position_scale));
      V::store(y + h, sum);
    }
    for (; h < columns; ++h) {
      y[h] = table_value(args.words, word * columns + h, word_scale) +
             table_value(args.token_types, type * columns + h, type_scale) +
             table_value(args.positions, position * columns + h, position_scale);
    }
  }
}

}  // namespace
