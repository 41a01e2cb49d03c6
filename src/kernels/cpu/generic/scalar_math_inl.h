// Elementary functions for the reference kernels, one float at a time, in multiplications and
// additions only, so that their bits depend on no library and no FMA. The vector kernels use the
// same formulas (simd/math_inl.h). NaN stays NaN.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

inline float bits_to_float(std::uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// e^x within 2 ulp on [-87, 88], clamped outside. Range reduction by ln 2 in two parts; the
// polynomial is the one of Cephes' expf (S. Moshier).
inline float exp_scalar(float x) {
  if (x != x) {
    return x;
  }
  x = x < -87.0F ? -87.0F : x > 88.0F ? 88.0F : x;
  const float shifted = x * 1.44269504088896341F + 12582912.0F;  // 1.5·2^23 rounds to an integer
  const float n = shifted - 12582912.0F;
  float r = x - n * 0.693359375F;
  r = r - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const float y = p * (r * r) + r + 1.0F;
  return y * bits_to_float(static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23);
}

inline float tanh_scalar(float x) {
  return 1.0F - 2.0F / (exp_scalar(2.0F * x) + 1.0F);
}

// x·Φ(x) = max(x,0) − |x|/2 · erfc(|x|/√2), with erfc by Abramowitz and Stegun 7.1.26
// (|error| ≤ 1.5e-7).
inline float gelu_erf_scalar(float x) {
  const float magnitude = x < 0 ? -x : x;
  const float z = magnitude * 0.70710678118654752F;
  const float t = 1.0F / (1.0F + 0.3275911F * z);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float erfc = p * t * exp_scalar(-(z * z));
  const float positive = x < 0 ? 0 : x;
  return positive - 0.5F * magnitude * erfc;
}

// x/2·(1 + tanh u) = x / (1 + e^(−2u)), u = √(2/π)·(x + 0.044715 x³).
inline float gelu_tanh_scalar(float x) {
  const float u = 0.79788456080286536F * (x + 0.044715F * x * x * x);
  return x / (1.0F + exp_scalar(-2.0F * u));
}

}  // namespace
