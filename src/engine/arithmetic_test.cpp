#include "engine/arithmetic.h"

#include <gtest/gtest.h>

namespace rr::engine {
namespace {

using kernels::Isa;

TEST(Arithmetic, NamesOfQuantizationAreThoseOfTheOption) {
  EXPECT_EQ(*quantization_from_name("none"), Quantization::kNone);
  EXPECT_EQ(*quantization_from_name("fp32"), Quantization::kNone);
  EXPECT_EQ(*quantization_from_name("bf16"), Quantization::kBf16);
  EXPECT_EQ(*quantization_from_name("int8"), Quantization::kInt8);
  EXPECT_EQ(quantization_from_name("fp16").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(quantization_name(Quantization::kInt8), "int8");
}

// What /health shows and fingerprints contain; tables are data, so any machine can look.
TEST(Arithmetic, NumericsIdsSayWhichArithmeticRuns) {
  const auto numerics = [](Isa isa, Quantization quantization, MixedPrecision mixed) {
    return choose_arithmetic(isa, quantization, mixed).numerics;
  };
  constexpr auto kOff = MixedPrecision::kOff;
  constexpr auto kOn = MixedPrecision::kOn;
  EXPECT_EQ(numerics(Isa::kGeneric, Quantization::kNone, kOff), "generic-fp32.1");
  EXPECT_EQ(numerics(Isa::kAvx2, Quantization::kNone, kOff), "avx2-fma.1");
  EXPECT_EQ(numerics(Isa::kAvx2, Quantization::kInt8, kOff), "avx2-s11s8.2");
  EXPECT_EQ(numerics(Isa::kAvxVnni, Quantization::kInt8, kOff), "avxvnni-u8s8.1");
  EXPECT_EQ(numerics(Isa::kAvx512, Quantization::kBf16, kOff), "avx512-bf16w.2");
  EXPECT_EQ(numerics(Isa::kAvx512Vnni, Quantization::kNone, kOff), "avx512-fma.1");
  EXPECT_EQ(numerics(Isa::kAvx512Vnni, Quantization::kInt8, kOff), "avx512vnni-u8s8.2");
  EXPECT_EQ(numerics(Isa::kAvx512Bf16, Quantization::kBf16, kOff), "avx512bf16.2");
  EXPECT_EQ(numerics(Isa::kAmx, Quantization::kNone, kOff), "amx-bf16x3.1");
  EXPECT_EQ(numerics(Isa::kAmx, Quantization::kBf16, kOff), "amx-bf16.1");
  EXPECT_EQ(numerics(Isa::kAmx, Quantization::kInt8, kOff), "amx-s8s8.1+bf16");
  // Mixed precision: 16-bit products for none where there are any, bf16 unchanged.
  EXPECT_EQ(numerics(Isa::kAvx512Bf16, Quantization::kNone, kOn), "avx512bf16-mixed.2");
  EXPECT_EQ(numerics(Isa::kAvx512, Quantization::kNone, kOn), "avx512-fma.1");
  EXPECT_EQ(numerics(Isa::kAmx, Quantization::kNone, kOn), "amx-mixed.1");
  EXPECT_EQ(numerics(Isa::kAmx, Quantization::kInt8, kOn), "amx-s8s8.1+bf16");
  EXPECT_EQ(numerics(Isa::kAvx512Bf16, Quantization::kBf16, kOn), "avx512bf16.2");
  EXPECT_EQ(numerics(Isa::kAvx512Bf16, Quantization::kInt8, kOn), "avx512vnni-u8s8.2+bf16");
}

}  // namespace
}  // namespace rr::engine
