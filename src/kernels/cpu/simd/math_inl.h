// Elementary functions on vectors; include a vec_*_inl.h first. The formulas are those of
// generic/scalar_math_inl.h, with fused multiply-adds. Every lane runs the same operations, and NaN
// stays NaN.
#pragma once

namespace {

// e^x within 2 ulp on [−87, 88], clamped outside.
inline V::F exp_v(V::F x) {
  x = V::min(V::set1(88.0F), V::max(V::set1(-87.0F), x));
  const V::F n = V::round(V::mul(x, V::set1(1.44269504088896341F)));
  V::F r = V::fnma(n, V::set1(0.693359375F), x);
  r = V::fnma(n, V::set1(-2.12194440e-4F), r);
  V::F p = V::set1(1.9875691500e-4F);
  p = V::fma(p, r, V::set1(1.3981999507e-3F));
  p = V::fma(p, r, V::set1(8.3334519073e-3F));
  p = V::fma(p, r, V::set1(4.1665795894e-2F));
  p = V::fma(p, r, V::set1(1.6666665459e-1F));
  p = V::fma(p, r, V::set1(5.0000001201e-1F));
  const V::F y = V::add(V::fma(p, V::mul(r, r), r), V::set1(1.0F));
  return V::scale_by_power(y, n);
}

inline V::F tanh_v(V::F x) {
  const V::F one = V::set1(1.0F);
  return V::sub(one, V::div(V::set1(2.0F), V::add(exp_v(V::add(x, x)), one)));
}

// x·Φ(x) = max(x,0) − |x|/2 · erfc(|x|/√2), erfc by Abramowitz and Stegun 7.1.26.
inline V::F gelu_erf_v(V::F x) {
  const V::F magnitude = V::abs(x);
  const V::F z = V::mul(magnitude, V::set1(0.70710678118654752F));
  const V::F one = V::set1(1.0F);
  const V::F t = V::div(one, V::fma(V::set1(0.3275911F), z, one));
  V::F p = V::set1(1.061405429F);
  p = V::fma(p, t, V::set1(-1.453152027F));
  p = V::fma(p, t, V::set1(1.421413741F));
  p = V::fma(p, t, V::set1(-0.284496736F));
  p = V::fma(p, t, V::set1(0.254829592F));
  const V::F erfc = V::mul(V::mul(p, t), exp_v(V::fnma(z, z, V::zero())));
  return V::fnma(V::mul(V::set1(0.5F), magnitude), erfc, V::max(V::zero(), x));
}

// x·Φ(x) by an odd polynomial for Φ − ½ on [−4, 4], clamped outside: no division, no exponential.
// |error| ≤ 4e-5 inside, 4e-5·|x| outside: far below what 16-bit or 8-bit storage of the result
// adds. Coefficients: minimax by iteratively reweighted least squares.
inline V::F gelu_short_v(V::F x) {
  const V::F near = V::min(V::set1(4.0F), V::max(V::set1(-4.0F), x));
  const V::F square = V::mul(near, near);
  V::F p = V::set1(-1.3089208985892298e-09F);
  p = V::fma(p, square, V::set1(1.0469455835119408e-07F));
  p = V::fma(p, square, V::set1(-3.6704074001924635e-06F));
  p = V::fma(p, square, V::set1(7.503970753251611e-05F));
  p = V::fma(p, square, V::set1(-0.0010079185250184458F));
  p = V::fma(p, square, V::set1(0.009511410446615897F));
  p = V::fma(p, square, V::set1(-0.06590019861035581F));
  p = V::fma(p, square, V::set1(0.3986824655609693F));
  return V::mul(x, V::fma(p, near, V::set1(0.5F)));
}

// Which of the two a product's epilogue uses.
struct GeluExact {
  V::F operator()(V::F x) const { return gelu_erf_v(x); }
};
struct GeluShort {
  V::F operator()(V::F x) const { return gelu_short_v(x); }
};

// x / (1 + e^(−2u)), u = √(2/π)·(x + 0.044715 x³).
inline V::F gelu_tanh_v(V::F x) {
  const V::F inner = V::fma(V::mul(V::mul(V::set1(0.044715F), x), x), x, x);
  const V::F twice_u = V::mul(V::set1(-1.59576912160573F), inner);
  return V::div(x, V::add(V::set1(1.0F), exp_v(twice_u)));
}

inline V::F relu_v(V::F x) {
  return V::max(V::zero(), x);
}

}  // namespace
