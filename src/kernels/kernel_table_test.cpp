#include "kernels/kernel_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/cpu_features.h"

namespace rr::kernels {
namespace {

TEST(KernelTable, EveryMachineRunsGenericAndTheBest) {
  const auto isas = available_isas();
  EXPECT_EQ(isas.front(), Isa::kGeneric);
  EXPECT_NE(std::find(isas.begin(), isas.end(), best_isa()), isas.end());
  EXPECT_EQ(*isa_from_name(""), best_isa());
  EXPECT_EQ(*isa_from_name("generic"), Isa::kGeneric);
}

TEST(KernelTable, NamesGoBackAndForth) {
  for (const Isa isa : available_isas()) {
    const auto found = isa_from_name(isa_name(isa));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, isa);
  }
}

TEST(KernelTable, AnUnknownNameListsTheKnownOnes) {
  const Status status = isa_from_name("sse9").status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("generic, avx2"), std::string::npos) << status.message();
}

TEST(KernelTable, WhatThisMachineLacksSaysSoAndNamesTheBestItRuns) {
  const auto isas = available_isas();
  for (const Isa isa : {Isa::kGeneric,
                        Isa::kAvx2,
                        Isa::kAvxVnni,
                        Isa::kAvx512,
                        Isa::kAvx512Vnni,
                        Isa::kAvx512Bf16,
                        Isa::kAmx}) {
    const auto found = isa_from_name(isa_name(isa));
    if (std::find(isas.begin(), isas.end(), isa) != isas.end()) {
      EXPECT_TRUE(found.ok()) << isa_name(isa);
      continue;
    }
    EXPECT_EQ(found.status().code(), Code::kUnsupported) << isa_name(isa);
    EXPECT_NE(found.status().message().find(isa_name(best_isa())), std::string::npos);
  }
}

TEST(KernelTable, AProcessorWithoutFeaturesRunsOnlyGeneric) {
  const CpuFeatures none;
  for (const Isa isa :
       {Isa::kAvx2, Isa::kAvxVnni, Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Bf16, Isa::kAmx}) {
    EXPECT_FALSE(cpu_runs(none, isa)) << isa_name(isa);
  }
  EXPECT_TRUE(cpu_runs(none, Isa::kGeneric));
}

TEST(KernelTable, TheBestIsTheNewestThatIsNotSlow) {
  CpuFeatures features;
  EXPECT_EQ(best_isa_of(features), Isa::kGeneric);
  features.avx2 = true;
  EXPECT_EQ(best_isa_of(features), Isa::kAvx2);
  features.avx512 = features.avx512_vnni = features.avx512_bf16 = true;
  EXPECT_EQ(best_isa_of(features), Isa::kAvx512Bf16);
  features.slow_bf16_dot = true;
  EXPECT_EQ(best_isa_of(features), Isa::kAvx512Vnni);
  features.amx = true;
  EXPECT_EQ(best_isa_of(features), Isa::kAmx);
}

TEST(KernelTable, EveryTableIsCompleteAndItsNumericsAreToldApart) {
  std::set<std::string> int8;
  for (const Isa isa : available_isas()) {
    const CpuKernels& table = kernel_table(isa);
    for (const LinearKernel* kernel :
         {&table.f32, &table.split, &table.mixed, &table.bf16, &table.int8}) {
      EXPECT_NE(kernel->gemm, nullptr);
      EXPECT_NE(kernel->peak_probe, nullptr);
      EXPECT_LE(kernel->panel_columns, 64);
      float sink = 0;
      EXPECT_GT(kernel->peak_probe(10, &sink), 0);
    }
    EXPECT_EQ(table.f32.activations, Storage::kF32);
    EXPECT_EQ(table.bf16.weights, Storage::kBf16);
    EXPECT_EQ(table.int8.weights, Storage::kI8);
    EXPECT_NE(std::string(table.f32.arithmetic), table.bf16.arithmetic);
    EXPECT_NE(std::string(table.f32.arithmetic), table.int8.arithmetic);
  }
}

}  // namespace
}  // namespace rr::kernels
