// Packs a weight [N,K] once at load into the panels that a LinearKernel reads:
//   [N/panel_columns][K/depth_block][panel_columns/tile_columns][depth_block/depth_group]
//   [tile_columns][depth_group], columns and depth padded by zeros. (Where tile_columns is
//   panel_columns and depth_block is depth_group, that is a row of the panel for each group of k.)
// kBf16x3: a panel of the weights' first parts, one of the second and one of the third in turn.
// One segment per source matrix (QKV has three), each padded to whole panels, so that a panel never
// straddles two of them. int8: symmetric per output column, scale = max|w| / 127, half to even.
// Cost: one pass over the weight. Tested by packing_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/kernel_ops_inl.h"

namespace rr::kernels {

std::int64_t panel_count(const LinearKernel& kernel, std::int64_t columns);
std::int64_t padded_columns(const LinearKernel& kernel, std::int64_t columns);
std::int64_t padded_depth(const LinearKernel& kernel, std::int64_t depth);
std::size_t storage_bytes(Storage storage);
std::size_t packed_bytes(const LinearKernel& kernel, std::int64_t columns, std::int64_t depth);

// Elements between the rows of activations that a product reads or writes: room for whole panels,
// and an odd number of cache lines, so that one column of neighbouring rows falls into different
// cache sets (with 4,096 columns of f32 they would all share one).
std::int64_t row_stride(std::int64_t columns, Storage storage);

// Where one segment goes. scale and offset [padded_columns] for int8 weights, else null.
struct PackedSegment {
  void* panels;
  float* scale;
  std::int32_t* offset;
};

// weight [columns, depth] f32, row-major.
void pack_weight(const LinearKernel& kernel,
                 std::span<const float> weight,
                 std::int64_t columns,
                 std::int64_t depth,
                 const PackedSegment& to);

// The same from int8 values that are quantised already: weight [columns, depth], scale [columns].
void pack_int8_weight(const LinearKernel& kernel,
                      std::span<const std::int8_t> weight,
                      std::span<const float> scale,
                      std::int64_t columns,
                      std::int64_t depth,
                      const PackedSegment& to);

// One row of a table as int8 with one scale: y = round(x / scale). Returns the scale.
float quantize_row(std::span<const float> x, std::int8_t* y);

}  // namespace rr::kernels
