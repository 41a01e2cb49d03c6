#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/kernel_test_data.h"

namespace rr::kernels {
namespace {

constexpr std::int64_t kRows = 3;
constexpr std::int64_t kStride = 512;

struct NamedLayerNorm {
  Isa isa;
  LayerNormFn layer_norm;
};

std::vector<NamedLayerNorm> all_layer_norms() {
  std::vector<NamedLayerNorm> all;
  for (const Isa isa : available_isas()) {
    all.push_back({isa, kernel_table(isa).layer_norm});
    all.push_back({isa, kernel_table(isa).layer_norm_short});
  }
  return all;
}

TEST(LayerNorm, AgreesWithDoublePrecisionAndZeroesThePads) {
  for (const auto& [isa, layer_norm] : all_layer_norms()) {
    for (const std::int64_t columns : {1, 7, 16, 66, 320, 384}) {
      const auto width = static_cast<std::size_t>(columns);
      std::vector<float> x = random_floats(kRows * kStride, 3, 5);
      const std::vector<float> weight = random_floats(width, 1, 6);
      const std::vector<float> bias = random_floats(width, 1, 7);
      std::vector<float> y(kRows * kStride, std::nanf(""));
      LayerNormArgs args{};
      args.x = x.data();
      args.x_stride = args.y_stride = kStride;
      args.weight = weight.data();
      args.bias = bias.data();
      args.eps = 1e-5F;
      args.y = y.data();
      args.rows = kRows;
      args.columns = columns;
      args.padded_columns = (columns + 63) / 64 * 64;
      layer_norm(args);
      for (std::int64_t m = 0; m < kRows; ++m) {
        const float* row = x.data() + m * kStride;
        double mean = 0;
        double variance = 0;
        for (std::int64_t h = 0; h < columns; ++h) {
          mean += row[h] / static_cast<double>(columns);
        }
        for (std::int64_t h = 0; h < columns; ++h) {
          variance += (row[h] - mean) * (row[h] - mean) / static_cast<double>(columns);
        }
        for (std::int64_t h = 0; h < args.padded_columns; ++h) {
          const auto at = static_cast<std::size_t>(h);
          const double expected =
              h >= columns ? 0
                           : (row[h] - mean) / std::sqrt(variance + 1e-5) * weight[at] + bias[at];
          ASSERT_NEAR(y[static_cast<std::size_t>(m * kStride + h)], expected, 2e-6)
              << isa_name(isa) << " H=" << columns << " h=" << h;
        }
      }
    }
  }
}

TEST(LayerNorm, WritesTheSameValuesAsBf16) {
  for (const auto& [isa, layer_norm] : all_layer_norms()) {
    if (kernel_table(isa).attention_bf16 == nullptr) {
      continue;
    }
    std::vector<float> x = random_floats(kStride, 3, 5);
    const std::vector<float> ones(384, 1.0F);
    std::vector<std::uint16_t> half(kStride);
    LayerNormArgs args{};
    args.x = args.y = x.data();
    args.x_stride = args.y_stride = args.y_bf16_stride = kStride;
    args.weight = args.bias = ones.data();
    args.eps = 1e-5F;
    args.y_bf16 = half.data();
    args.rows = 1;
    args.columns = args.padded_columns = 384;
    layer_norm(args);
    for (std::size_t h = 0; h < 384; ++h) {
      ASSERT_EQ(half[h], bf16_bits(x[h])) << isa_name(isa);
    }
  }
}

// One table of each storage; columns that fill no vector.
TEST(Embed, SumsWordTypeAndPositionInOneOrder) {
  constexpr std::int64_t kColumns = 75;
  constexpr std::int64_t kTableRows = 9;
  const std::vector<float> words = random_floats(kTableRows * kColumns, 1, 1);
  std::vector<std::uint16_t> types(2 * kColumns);
  for (std::size_t i = 0; i < types.size(); ++i) {
    types[i] = bf16_bits(words[i + 7] * 0.3F);
  }
  std::vector<std::int8_t> positions(kTableRows * kColumns);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    positions[i] = static_cast<std::int8_t>(static_cast<int>(i * 37 % 255) - 127);
  }
  const std::vector<float> scales = random_floats(kTableRows, 0.01F, 2);
  const std::vector<std::int32_t> ids = {8, 0, 3, 3, 7, 1};
  const std::vector<std::int32_t> type_ids = {0, 1, 0, 1, 1, 0};
  for (const Isa isa : available_isas()) {
    std::vector<float> y(ids.size() * kStride, std::nanf(""));
    EmbedArgs args{};
    args.words = {words.data(), nullptr, Storage::kF32};
    args.token_types = {types.data(), nullptr, Storage::kBf16};
    args.positions = {positions.data(), scales.data(), Storage::kI8};
    args.input_ids = ids.data();
    args.token_type_ids = type_ids.data();
    args.first_position = 2;
    args.y = y.data();
    args.y_stride = kStride;
    args.rows = static_cast<std::int64_t>(ids.size());
    args.columns = kColumns;
    kernel_table(isa).embed(args);
    for (std::size_t m = 0; m < ids.size(); ++m) {
      for (std::size_t h = 0; h < kColumns; ++h) {
        const std::size_t type = static_cast<std::size_t>(type_ids[m]) * kColumns + h;
        const float word = words[static_cast<std::size_t>(ids[m]) * kColumns + h];
        // Rounded on its own, as a variable forces.
        const volatile float position =
            static_cast<float>(positions[(m + 2) * kColumns + h]) * scales[m + 2];
        const float expected = word + bf16_rounded(words[type + 7] * 0.3F) + position;
        ASSERT_EQ(y[m * kStride + h], expected) << isa_name(isa) << " " << m << "," << h;
      }
    }
  }
}

struct Quantized {
  std::vector<std::uint8_t> y = std::vector<std::uint8_t>(kStride);
  float scale = 0;
};

Quantized quantized(
    Isa isa, const std::vector<float>& x, std::int64_t columns, int limit, int zero) {
  Quantized result;
  QuantizeArgs args{};
  args.x = x.data();
  args.x_stride = args.y_stride = kStride;
  args.y = result.y.data();
  args.y_storage = Storage::kI8;
  args.scale = &result.scale;
  args.rows = 1;
  args.columns = columns;
  args.padded_columns = (columns + 63) / 64 * 64;
  args.limit = limit;
  args.zero_point = zero;
  kernel_table(isa).quantize(args);
  return result;
}

TEST(Quantize, RoundsToTheLimitOfTheLargestValue) {
  const std::vector<float> x = random_floats(kStride, 5, 8);
  for (const Isa isa : available_isas()) {
    for (const std::int64_t columns : {3, 16, 75, 320}) {
      const Quantized q = quantized(isa, x, columns, 127, 128);
      for (std::int64_t h = 0; h < columns; ++h) {
        const auto at = static_cast<std::size_t>(h);
        ASSERT_NEAR((q.y[at] - 128) * q.scale, x[at], 0.5001F * q.scale) << isa_name(isa);
      }
      for (std::int64_t h = columns; h < (columns + 63) / 64 * 64; ++h) {
        ASSERT_EQ(q.y[static_cast<std::size_t>(h)], 128) << isa_name(isa);
      }
    }
  }
}

TEST(Quantize, WritesSixteenBitsWhereAsked) {
  const std::vector<float> x = random_floats(kStride, 5, 8);
  for (const Isa isa : available_isas()) {
    std::vector<std::int16_t> y(kStride, -1);
    float scale = 0;
    QuantizeArgs args{};
    args.x = x.data();
    args.x_stride = args.y_stride = kStride;
    args.y = y.data();
    args.y_storage = Storage::kI16;
    args.scale = &scale;
    args.rows = 1;
    args.columns = 75;
    args.padded_columns = 76;
    args.limit = 1023;
    kernel_table(isa).quantize(args);
    for (std::size_t h = 0; h < 75; ++h) {
      ASSERT_NEAR(static_cast<float>(y[h]) * scale, x[h], 0.501F * scale) << isa_name(isa);
    }
    ASSERT_EQ(y[75], 0) << isa_name(isa);
  }
}

TEST(Quantize, ARowOfZerosHasScaleZero) {
  for (const Isa isa : available_isas()) {
    const Quantized q = quantized(isa, std::vector<float>(kStride, 0.0F), 33, 63, 64);
    EXPECT_EQ(q.scale, 0);
    EXPECT_EQ(q.y[5], 64);
  }
}

TEST(Quantize, ANumberThatIsNotFiniteSpoilsTheScaleWhereverItStands) {
  for (const Isa isa : available_isas()) {
    for (const float poison : {std::nanf(""), std::numeric_limits<float>::infinity(), -HUGE_VALF}) {
      for (const std::size_t at : {0U, 9U, 16U, 32U}) {
        std::vector<float> x = random_floats(kStride, 5, 8);
        x[at] = poison;
        EXPECT_FALSE(std::isfinite(quantized(isa, x, 33, 63, 64).scale)) << isa_name(isa);
      }
    }
  }
}

TEST(Quantize, ThreePartsOfAFloatAddUpToIt) {
  for (const Isa isa : available_isas()) {
    if (kernel_table(isa).split.activations != Storage::kBf16x3) {
      continue;
    }
    std::vector<float> x = random_floats(2 * kStride, 5, 8);
    x[1] = 1e-30F;
    x[2] = -3e38F;
    std::vector<std::uint16_t> y(std::size_t{2} * 3 * kStride, 0xffff);
    QuantizeArgs args{};
    args.x = x.data();
    args.x_stride = args.y_stride = kStride;
    args.y = y.data();
    args.y_storage = Storage::kBf16x3;
    args.rows = 2;
    args.columns = 75;
    args.padded_columns = 96;
    kernel_table(isa).quantize(args);
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t h = 0; h < 96; ++h) {
        double sum = 0;
        for (std::size_t part = 0; part < 3; ++part) {
          sum += static_cast<double>(to_float(BFloat16{y[(row * 3 + part) * kStride + h]}));
        }
        ASSERT_EQ(sum, h < 75 ? static_cast<double>(x[row * kStride + h]) : 0.0) << isa_name(isa);
      }
    }
  }
}

TEST(Quantize, PartsOfWhatIsNotFiniteOrOverflowsAreNotFinite) {
  for (const Isa isa : available_isas()) {
    if (kernel_table(isa).split.activations != Storage::kBf16x3) {
      continue;
    }
    for (const float poison : {std::nanf(""), HUGE_VALF, -HUGE_VALF, 3.4028234e38F}) {
      std::vector<float> x(kStride, 1.0F);
      x[9] = poison;
      std::vector<std::uint16_t> y(3 * kStride);
      QuantizeArgs args{};
      args.x = x.data();
      args.x_stride = args.y_stride = kStride;
      args.y = y.data();
      args.y_storage = Storage::kBf16x3;
      args.rows = 1;
      args.columns = args.padded_columns = 32;
      kernel_table(isa).quantize(args);
      double sum = 0;
      for (std::size_t part = 0; part < 3; ++part) {
        sum += static_cast<double>(to_float(BFloat16{y[part * kStride + 9]}));
      }
      EXPECT_FALSE(std::isfinite(sum)) << isa_name(isa);
    }
  }
}

}  // namespace
}  // namespace rr::kernels
