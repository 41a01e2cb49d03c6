#include "kernels/packing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "tensor/dtype.h"

namespace rr::kernels {

namespace {

constexpr float kInt8Max = 127.0F;

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

float int8_scale(std::span<const float> row) {
  float largest = 0;
  for (const float value : row) {
    largest = std::max(largest, std::fabs(value));
  }
  return largest / kInt8Max;
}

std::int8_t to_int8(float value, float scale) {
  if (!(scale > 0) || !std::isfinite(value / scale)) {
    return 0;
  }
  return static_cast<std::int8_t>(std::clamp(std::nearbyint(value / scale), -kInt8Max, kInt8Max));
}

// Where element (column, 0) of the weight lies in the packed panels.
std::int64_t column_start(const LinearKernel& kernel, std::int64_t column, std::int64_t depth) {
  const std::int64_t width = kernel.panel_columns;
  const std::int64_t panel = column / width * (padded_depth(kernel, depth) * width);
  const std::int64_t tile = column % width / kernel.tile_columns;
  return panel + tile * kernel.tile_columns * kernel.depth_block +
         column % kernel.tile_columns * kernel.depth_group;
}

// From there to element (column, k), k a multiple of depth_group.
std::int64_t depth_start(const LinearKernel& kernel, std::int64_t k) {
  return k / kernel.depth_block * kernel.depth_block * kernel.panel_columns +
         k % kernel.depth_block * kernel.tile_columns;
}

// Writes store(value) of each element of one column to its place.
template <typename From, typename T, typename Store>
void scatter(const LinearKernel& kernel, std::span<const From> row, T* to, Store store) {
  const std::int64_t group = kernel.depth_group;
  const auto depth = static_cast<std::int64_t>(row.size());
  for (std::int64_t first = 0; first < depth; first += group) {
    const std::int64_t count = std::min(group, depth - first);
    T* at = to + depth_start(kernel, first);
    for (std::int64_t k = 0; k < count; ++k) {
      at[k] = store(row[static_cast<std::size_t>(first + k)]);
    }
  }
}

void pack_int8_column(const LinearKernel& kernel,
                      std::span<const std::int8_t> row,
                      float scale,
                      std::int64_t column,
                      const PackedSegment& to) {
  const auto depth = static_cast<std::int64_t>(row.size());
  scatter(kernel,
          row,
          static_cast<std::int8_t*>(to.panels) + column_start(kernel, column, depth),
          [](std::int8_t value) { return value; });
  to.scale[column] = scale;
  to.offset[column] = std::accumulate(row.begin(), row.end(), std::int32_t{0}) * kernel.zero_point;
}

void clear(const LinearKernel& kernel,
           std::int64_t columns,
           std::int64_t depth,
           const PackedSegment& to) {
  std::memset(to.panels, 0, packed_bytes(kernel, columns, depth));
  if (kernel.weights == Storage::kI8) {
    const std::int64_t padded = padded_columns(kernel, columns);
    std::fill(to.scale + columns, to.scale + padded, 0.0F);
    std::fill(to.offset + columns, to.offset + padded, 0);
  }
}

// The parts of each weight. One that is not finite leaves a part that is not a number.
void pack_split_column(const LinearKernel& kernel,
                       std::span<const float> row,
                       std::int64_t column,
                       std::uint16_t* panels) {
  const std::int64_t width = kernel.panel_columns;
  const std::int64_t part_size =
      padded_depth(kernel, static_cast<std::int64_t>(row.size())) * width;
  const std::int64_t start = column_start(kernel, column, static_cast<std::int64_t>(row.size()));
  std::uint16_t* to = panels + start + column / width * 2 * part_size;  // three parts a panel
  std::vector<float> rest(row.begin(), row.end());
  for (int part = 0; part < 3; ++part, to += part_size) {
    scatter(kernel, std::span<const float>(rest), to, [](float x) { return to_bfloat16(x).bits; });
    for (float& x : rest) {
      x -= to_float(to_bfloat16(x));
    }
  }
}

}  // namespace

std::int64_t panel_count(const LinearKernel& kernel, std::int64_t columns) {
  return (columns + kernel.panel_columns - 1) / kernel.panel_columns;
}

std::int64_t padded_columns(const LinearKernel& kernel, std::int64_t columns) {
  return panel_count(kernel, columns) * kernel.panel_columns;
}

std::int64_t padded_depth(const LinearKernel& kernel, std::int64_t depth) {
  return round_up(depth, kernel.depth_block);
}

std::size_t storage_bytes(Storage storage) {
  switch (storage) {
    case Storage::kF32:
      return 4;
    case Storage::kI8:
      return 1;
    case Storage::kBf16x3:
      return 6;
    case Storage::kBf16:
    case Storage::kI16:
      return 2;
  }
  return 2;
}

std::size_t packed_bytes(const LinearKernel& kernel, std::int64_t columns, std::int64_t depth) {
  return static_cast<std::size_t>(padded_columns(kernel, columns) * padded_depth(kernel, depth)) *
         storage_bytes(kernel.weights);
}

std::int64_t row_stride(std::int64_t columns, Storage storage) {
  constexpr std::int64_t kCacheLine = 64;
  constexpr std::int64_t kWidestPanel = 64;
  if (storage == Storage::kBf16x3) {
    return row_stride(columns, Storage::kBf16);  // of each part: three times an odd number is odd
  }
  const auto element = static_cast<std::int64_t>(storage_bytes(storage));
  const std::int64_t lines =
      (round_up(columns, kWidestPanel) * element + kCacheLine - 1) / kCacheLine;
  return (lines | 1) * kCacheLine / element;
}

void pack_weight(const LinearKernel& kernel,
                 std::span<const float> weight,
                 std::int64_t columns,
                 std::int64_t depth,
                 const PackedSegment& to) {
  RR_CHECK(static_cast<std::int64_t>(weight.size()) == columns * depth);
  clear(kernel, columns, depth, to);
  std::vector<std::int8_t> quantized(static_cast<std::size_t>(depth));
  for (std::int64_t column = 0; column < columns; ++column) {
    const auto row =
        weight.subspan(static_cast<std::size_t>(column * depth), static_cast<std::size_t>(depth));
    const std::int64_t start = column_start(kernel, column, depth);
    if (kernel.weights == Storage::kF32) {
      scatter(kernel, row, static_cast<float*>(to.panels) + start, [](float x) { return x; });
    } else if (kernel.weights == Storage::kBf16) {
      scatter(kernel, row, static_cast<std::uint16_t*>(to.panels) + start, [](float x) {
        return to_bfloat16(x).bits;
      });
    } else if (kernel.weights == Storage::kBf16x3) {
      pack_split_column(kernel, row, column, static_cast<std::uint16_t*>(to.panels));
    } else {
      const float scale = quantize_row(row, quantized.data());
      pack_int8_column(kernel, quantized, scale, column, to);
    }
  }
}

void pack_int8_weight(const LinearKernel& kernel,
                      std::span<const std::int8_t> weight,
                      std::span<const float> scale,
                      std::int64_t columns,
                      std::int64_t depth,
                      const PackedSegment& to) {
  RR_CHECK(static_cast<std::int64_t>(weight.size()) == columns * depth);
  RR_CHECK(kernel.weights == Storage::kI8);
  clear(kernel, columns, depth, to);
  for (std::int64_t column = 0; column < columns; ++column) {
    const auto row =
        weight.subspan(static_cast<std::size_t>(column * depth), static_cast<std::size_t>(depth));
    pack_int8_column(kernel, row, scale[static_cast<std::size_t>(column)], column, to);
  }
}

float quantize_row(std::span<const float> x, std::int8_t* y) {
  const float scale = int8_scale(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = to_int8(x[i], scale);
  }
  return scale;
}

}  // namespace rr::kernels
