// Operands that the kernels' tests share: seeded random values in rows with room for whole panels.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/kernel_table.h"
#include "kernels/packing.h"
#include "tensor/dtype.h"

namespace rr::kernels {

inline std::vector<float> random_floats(std::size_t count, float deviation, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> distribution(-deviation, deviation);
  std::vector<float> values(count);
  for (float& value : values) {
    value = distribution(engine);
  }
  return values;
}

// The first `count` values from `first` on, to be compared bit for bit.
inline std::vector<std::uint32_t> bits_of(const std::vector<float>& values,
                                          std::int64_t first,
                                          std::int64_t count) {
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(count));
  std::transform(
      values.begin() + first, values.begin() + first + count, bits.begin(), [](float value) {
        return std::bit_cast<std::uint32_t>(value);
      });
  return bits;
}

inline std::uint16_t bf16_bits(float value) {
  return to_bfloat16(value).bits;
}
inline float bf16_rounded(float value) {
  return to_float(to_bfloat16(value));
}

}  // namespace rr::kernels
