// Storage types of weights and activations, as checkpoints name them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace rr {

enum class DType { kF32, kF16, kBF16, kI8 };

std::size_t dtype_bytes(DType dtype);
std::string_view dtype_name(DType dtype);  // "F32", "F16", "BF16", "I8", as safetensors writes them
// kUnsupported for anything but those four.
Result<DType> dtype_from_name(std::string_view safetensors_name);

// The top 16 bits of a float32, in memory as in the file.
struct BFloat16 {
  std::uint16_t bits;
};

float to_float(BFloat16 value);
// Round to nearest, ties to even; NaN stays NaN.
BFloat16 to_bfloat16(float value);
// IEEE 754 binary16 bits to float32, subnormals included.
float half_to_float(std::uint16_t bits);

}  // namespace rr
