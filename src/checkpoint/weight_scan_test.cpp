#include "checkpoint/weight_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace rr::checkpoint {
namespace {

template <typename T>
TensorView view(const std::vector<T>& values, DType dtype) {
  return {"w",
          dtype,
          {static_cast<std::int64_t>(values.size())},
          reinterpret_cast<const std::byte*>(values.data())};
}

std::string digest_of(const TensorView& tensor) {
  DigestBuilder digest;
  EXPECT_TRUE(scan_weights(tensor, digest).ok());
  return digest.finish().hex();
}

std::string complaint(const TensorView& tensor) {
  DigestBuilder digest;
  const Status status = scan_weights(tensor, digest);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  return status.message();
}

TEST(WeightScan, FindsNanAndInfinityWhereverTheyAre) {
  constexpr std::size_t kCount = 100'003;  // several chunks and a rest
  for (const std::size_t at : {std::size_t{0}, std::size_t{255}, std::size_t{65'536}, kCount - 1}) {
    std::vector<float> weights(kCount, std::numeric_limits<float>::max());
    weights[at] = -std::numeric_limits<float>::infinity();
    EXPECT_EQ(complaint(view(weights, DType::kF32)),
              "[safetensors] tensor \"w\": weight " + std::to_string(at) + " is NaN or infinite");
    weights[at] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_FALSE(complaint(view(weights, DType::kF32)).empty());
  }
}

TEST(WeightScan, KnowsNanAndInfinityOfSixteenBits) {
  EXPECT_FALSE(complaint(view(std::vector<std::uint16_t>{0x7C00}, DType::kF16)).empty());
  EXPECT_FALSE(complaint(view(std::vector<std::uint16_t>{0xFE01}, DType::kF16)).empty());
  EXPECT_FALSE(complaint(view(std::vector<std::uint16_t>{0x7F80}, DType::kBF16)).empty());
  EXPECT_FALSE(complaint(view(std::vector<std::uint16_t>{0xFFC0}, DType::kBF16)).empty());
  digest_of(view(std::vector<std::uint16_t>{0x7BFF, 0x0001, 0x8000}, DType::kF16));
  digest_of(view(std::vector<std::uint16_t>{0x7F7F, 0x0001, 0x7C00}, DType::kBF16));
}

TEST(WeightScan, EveryBitNameTypeAndShapeChangesTheDigest) {
  std::vector<float> weights(70'000, 1.5F);
  const std::string first = digest_of(view(weights, DType::kF32));
  EXPECT_EQ(digest_of(view(weights, DType::kF32)), first);
  TensorView renamed = view(weights, DType::kF32);
  renamed.name = "v";
  EXPECT_NE(digest_of(renamed), first);
  TensorView reshaped = view(weights, DType::kF32);
  reshaped.shape = {700, 100};
  EXPECT_NE(digest_of(reshaped), first);
  TensorView retyped = view(weights, DType::kF32);
  retyped.dtype = DType::kBF16;
  retyped.shape = {140'000};
  EXPECT_NE(digest_of(retyped), first);
  weights.back() = std::nextafter(1.5F, 2.0F);
  EXPECT_NE(digest_of(view(weights, DType::kF32)), first);
}

TEST(WeightScan, ReadsUnalignedData) {
  std::vector<float> weights(1000, 0.5F);
  std::vector<std::byte> shifted(1 + weights.size() * sizeof(float));
  std::memcpy(shifted.data() + 1, weights.data(), weights.size() * sizeof(float));
  TensorView unaligned = view(weights, DType::kF32);
  const std::string expected = digest_of(unaligned);
  unaligned.data = shifted.data() + 1;
  EXPECT_EQ(digest_of(unaligned), expected);
}

// A matrix of two rows of two.
Status scan_int8(std::vector<std::int8_t> values, std::vector<float> scales) {
  TensorView tensor{"m.weight", DType::kI8, {2, 2}, std::as_bytes(std::span(values)).data()};
  tensor.scale = std::as_bytes(std::span(scales)).data();
  DigestBuilder digest;
  return scan_weights(tensor, digest);
}

TEST(WeightScan, AScaleMustBeAFiniteNumberAboveZeroWhereTheRowHoldsAnything) {
  EXPECT_TRUE(scan_int8({1, -127, 0, 0}, {0.5F, 0.0F}).ok());
  for (const float bad : {0.0F,
                          -0.5F,
                          std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    const Status status = scan_int8({1, 2, 3, 4}, {0.5F, bad});
    EXPECT_EQ(status.code(), Code::kCorrupt) << bad;
    EXPECT_NE(status.message().find("m.weight_scale\": scale 1"), std::string::npos)
        << status.message();
  }
  EXPECT_EQ(scan_int8({1, -128, 0, 0}, {0.5F, 0.5F}).code(), Code::kCorrupt);
}

TEST(WeightScan, AnotherScaleIsAnotherModel) {
  const std::vector<std::int8_t> values = {1, 2};
  std::vector<float> scales = {0.5F};
  TensorView tensor{"m.weight", DType::kI8, {1, 2}, std::as_bytes(std::span(values)).data()};
  tensor.scale = std::as_bytes(std::span(scales)).data();
  DigestBuilder before;
  ASSERT_TRUE(scan_weights(tensor, before).ok());
  scales[0] = 0.25F;
  DigestBuilder after;
  ASSERT_TRUE(scan_weights(tensor, after).ok());
  EXPECT_NE(before.finish().hex(), after.finish().hex());
}

}  // namespace
}  // namespace rr::checkpoint
