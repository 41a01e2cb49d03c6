// How far a logit may be from the same model in exact arithmetic, by what was asked for. One table
// for tests, the self-test and `compare`. Units: the model's logit.
#pragma once

#include "engine/arithmetic.h"

namespace rr::engine {

struct Tolerance {
  double largest;        // max |Δlogit|
  double percentile_99;  // p99 |Δlogit|
};

constexpr Tolerance tolerance_of(Quantization quantization, MixedPrecision mixed) {
  switch (quantization) {
    case Quantization::kNone:
      // 16-bit products under mixed precision err like bf16.
      return mixed == MixedPrecision::kOn ? Tolerance{0.2, 0.05} : Tolerance{1e-4, 1e-4};
    case Quantization::kBf16:
      return {0.2, 0.05};
    case Quantization::kInt8:
      return {1.0, 0.3};
  }
  return {1e-4, 1e-4};
}

}  // namespace rr::engine
