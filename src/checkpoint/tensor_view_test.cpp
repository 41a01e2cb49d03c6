#include "checkpoint/tensor_view.h"

#include <gtest/gtest.h>

#include <cstring>

namespace rr::checkpoint {
namespace {

std::vector<float> read(const TensorView& tensor, std::size_t begin, std::size_t count) {
  std::vector<float> values(count, -1.0F);
  read_floats(tensor, begin, values);
  return values;
}

// The values one byte into a buffer, as a file may hold them.
template <typename T>
std::vector<std::byte> unaligned(const std::vector<T>& values) {
  std::vector<std::byte> bytes(1 + values.size() * sizeof(T));
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(T));
  return bytes;
}

TEST(TensorView, EveryFloatTypeIsReadFromAnyAddress) {
  const auto f32 = unaligned<float>({1.5F, -2.0F, 0.25F, 8.0F});
  EXPECT_EQ(read({"t", DType::kF32, {2, 2}, f32.data() + 1}, 1, 2),
            (std::vector<float>{-2.0F, 0.25F}));
  const auto bf16 = unaligned<std::uint16_t>({0x3F80, 0xC000, 0x3E80, 0x4100});
  EXPECT_EQ(read({"t", DType::kBF16, {4}, bf16.data() + 1}, 1, 3),
            (std::vector<float>{-2.0F, 0.25F, 8.0F}));
  const auto f16 = unaligned<std::uint16_t>({0x3C00, 0xC000});
  EXPECT_EQ(read({"t", DType::kF16, {2}, f16.data() + 1}, 0, 2), (std::vector<float>{1.0F, -2.0F}));
}

TEST(TensorView, Int8IsReadByTheScaleOfItsRow) {
  const std::vector<std::int8_t> values = {1, -127, 3, 4, 5, 127};
  const auto scale = unaligned<float>({0.5F, 2.0F});
  TensorView tensor{"t", DType::kI8, {2, 3}, std::as_bytes(std::span(values)).data()};
  tensor.scale = scale.data() + 1;
  EXPECT_EQ(read(tensor, 1, 4), (std::vector<float>{-63.5F, 1.5F, 8.0F, 10.0F}));
  EXPECT_EQ(row_scale(tensor, 1), 2.0F);
}

}  // namespace
}  // namespace rr::checkpoint
