#include "kernels/packing.h"

#include <gtest/gtest.h>

#include <numeric>

#include "kernels/kernel_test_data.h"

namespace rr::kernels {
namespace {

LinearKernel layout(Storage weights, int panel_columns, int depth_group) {
  LinearKernel kernel{};
  kernel.weights = weights;
  kernel.panel_columns = panel_columns;
  kernel.depth_group = depth_group;
  kernel.tile_columns = panel_columns;
  kernel.depth_block = depth_group;
  kernel.zero_point = 10;
  return kernel;
}

TEST(Packing, LaysColumnsOfAPanelSideBySideAndPadsWithZeros) {
  const LinearKernel kernel = layout(Storage::kF32, 2, 1);
  std::vector<float> weight(std::size_t{3} * 2);  // [3 columns, depth 2]: column n is {2n, 2n+1}
  std::iota(weight.begin(), weight.end(), 0.0F);
  std::vector<float> panels(packed_bytes(kernel, 3, 2) / sizeof(float), -1.0F);
  pack_weight(kernel, weight, 3, 2, {panels.data(), nullptr, nullptr});
  EXPECT_EQ(panels, (std::vector<float>{0, 2, 1, 3, 4, 0, 5, 0}));
}

TEST(Packing, KeepsGroupsOfDepthTogether) {
  const LinearKernel kernel = layout(Storage::kF32, 2, 2);
  std::vector<float> weight(std::size_t{2} * 3);  // depth 3 is padded to 4
  std::iota(weight.begin(), weight.end(), 0.0F);
  std::vector<float> panels(packed_bytes(kernel, 2, 3) / sizeof(float), -1.0F);
  pack_weight(kernel, weight, 2, 3, {panels.data(), nullptr, nullptr});
  EXPECT_EQ(panels, (std::vector<float>{0, 1, 3, 4, 2, 0, 5, 0}));
}

TEST(Packing, LaysTilesOfAPanelOneAfterTheOther) {
  LinearKernel kernel = layout(Storage::kF32, 4, 2);
  kernel.tile_columns = 2;
  kernel.depth_block = 4;
  std::vector<float> weight(std::size_t{3} * 5);  // [3 columns, depth 5]: column n is {5n … 5n + 4}
  std::iota(weight.begin(), weight.end(), 0.0F);
  std::vector<float> panels(packed_bytes(kernel, 3, 5) / sizeof(float), -1.0F);
  pack_weight(kernel, weight, 3, 5, {panels.data(), nullptr, nullptr});
  EXPECT_EQ(panels, (std::vector<float>{0, 1, 5, 6, 2, 3, 7, 8, 10, 11, 0, 0, 12, 13, 0, 0,  //
                                        4, 0, 9, 0, 0, 0, 0, 0, 14, 0,  0, 0, 0,  0,  0, 0}));
}

TEST(Packing, QuantisesEachColumnByItsLargestWeight) {
  const LinearKernel kernel = layout(Storage::kI8, 2, 4);
  const std::vector<float> weight = {1.27F, -0.01F, 0.5F, 0, 0, 0, 0, 0};
  std::vector<std::int8_t> panels(packed_bytes(kernel, 2, 4));
  std::vector<float> scale(2);
  std::vector<std::int32_t> offset(2);
  pack_weight(kernel, weight, 2, 4, {panels.data(), scale.data(), offset.data()});
  EXPECT_EQ(panels, (std::vector<std::int8_t>{127, -1, 50, 0, 0, 0, 0, 0}));
  EXPECT_FLOAT_EQ(scale[0], 0.01F);
  EXPECT_EQ(scale[1], 0);
  EXPECT_EQ(offset[0], 10 * (127 - 1 + 50));
}

TEST(Packing, RowsOfActivationsLieAnOddNumberOfCacheLinesApart) {
  for (const Storage storage : {Storage::kF32, Storage::kBf16, Storage::kI8}) {
    for (const std::int64_t columns : {1, 64, 384, 1000, 1024, 4096}) {
      const std::int64_t stride = row_stride(columns, storage);
      EXPECT_GE(stride, (columns + 63) / 64 * 64);
      EXPECT_EQ(static_cast<std::size_t>(stride) * storage_bytes(storage) / 64 % 2, 1U);
    }
  }
}

TEST(Packing, RowsOfTablesHaveOneScale) {
  std::vector<std::int8_t> row(3);
  EXPECT_FLOAT_EQ(quantize_row(std::vector<float>{-2.54F, 0.02F, 1.0F}, row.data()), 0.02F);
  EXPECT_EQ(row, (std::vector<std::int8_t>{-127, 1, 50}));
}

}  // namespace
}  // namespace rr::kernels
