#include "tensor/dtype.h"

#include <bit>
#include <cmath>

namespace rr {

std::size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
      return 2;
    case DType::kI8:
      return 1;
  }
  return 0;
}

std::string_view dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "F32";
    case DType::kF16:
      return "F16";
    case DType::kBF16:
      return "BF16";
    case DType::kI8:
      return "I8";
  }
  return "?";
}

Result<DType> dtype_from_name(std::string_view safetensors_name) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kI8}) {
    if (dtype_name(dtype) == safetensors_name) {
      return dtype;
    }
  }
  return Status(Code::kUnsupported,
                "dtype " + std::string(safetensors_name) + " is none of F32, F16, BF16, I8");
}

float to_float(BFloat16 value) {
  return std::bit_cast<float>(std::uint32_t{value.bits} << 16);
}

BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) {
    return {static_cast<std::uint16_t>((bits >> 16) | 0x40)};  // keep it quiet, never infinity
  }
  const std::uint32_t rounding = 0x7FFF + ((bits >> 16) & 1);
  return {static_cast<std::uint16_t>((bits + rounding) >> 16)};
}

float half_to_float(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) {
    const std::uint32_t special = (std::uint32_t{bits & 0x8000U} << 16) | 0x7F800000U |
                                  (static_cast<std::uint32_t>(fraction) << 13);
    return std::bit_cast<float>(special);
  }
  if (exponent == 0) {
    return sign * std::ldexp(static_cast<float>(fraction), -24);
  }
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

}  // namespace rr
