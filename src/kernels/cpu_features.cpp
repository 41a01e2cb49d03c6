#include "kernels/cpu_features.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <initializer_list>

namespace rr::kernels {

namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned value, int index) {
  return (value >> index & 1U) != 0;
}

// Which register files the operating system saves; requires OSXSAVE.
std::uint64_t xcr0() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
}

// Eight tiles of sixteen rows of 64 bytes: what the kernels are written for.
bool usual_palette() {
  const Registers palette = cpuid(0x1d, 1);
  return palette.eax >> 16 == 1024 && (palette.ebx & 0xffffU) == 64 && palette.ebx >> 16 >= 8 &&
         (palette.ecx & 0xffffU) >= 16;
}

bool tile_state_granted() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool is_intel() {
  const Registers leaf0 = cpuid(0, 0);
  return leaf0.ebx == signature_INTEL_ebx && leaf0.edx == signature_INTEL_edx &&
         leaf0.ecx == signature_INTEL_ecx;
}

CpuFeatures detect() {
  CpuFeatures found;
  const Registers leaf1 = cpuid(1, 0);
  constexpr int kOsXsave = 27;
  if (!bit(leaf1.ecx, kOsXsave)) {
    return found;
  }
  constexpr std::uint64_t kYmmState = 0x6;
  constexpr std::uint64_t kZmmState = 0xe6;
  constexpr std::uint64_t kTileState = 0x60000;
  const std::uint64_t saved = xcr0();
  const Registers leaf7 = cpuid(7, 0);
  const Registers leaf7_1 = cpuid(7, 1);
  const bool fma = bit(leaf1.ecx, 12);
  found.avx2 = (saved & kYmmState) == kYmmState && fma && bit(leaf7.ebx, 5);
  found.avx_vnni = found.avx2 && bit(leaf7_1.eax, 4);
  const bool avx512_base =
      bit(leaf7.ebx, 16) && bit(leaf7.ebx, 17) && bit(leaf7.ebx, 30) && bit(leaf7.ebx, 31);
  found.avx512 = found.avx2 && (saved & kZmmState) == kZmmState && avx512_base;
  found.avx512_vnni = found.avx512 && bit(leaf7.ecx, 11);
  found.avx512_bf16 = found.avx512_vnni && bit(leaf7_1.eax, 5);
  found.slow_bf16_dot = is_intel();
  const bool amx = bit(leaf7.edx, 22) && bit(leaf7.edx, 24) && bit(leaf7.edx, 25);
  found.amx = found.avx512_bf16 && amx && (saved & kTileState) == kTileState && usual_palette() &&
              tile_state_granted();
  return found;
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

bool cpu_runs(const CpuFeatures& features, Isa isa) {
  switch (isa) {
    case Isa::kGeneric:
      return true;
    case Isa::kAvx2:
      return features.avx2;
    case Isa::kAvxVnni:
      return features.avx_vnni;
    case Isa::kAvx512:
      return features.avx512;
    case Isa::kAvx512Vnni:
      return features.avx512_vnni;
    case Isa::kAvx512Bf16:
      return features.avx512_bf16;
    case Isa::kAmx:
      return features.amx;
  }
  return false;
}

Isa best_isa_of(const CpuFeatures& features) {
  for (const Isa isa :
       {Isa::kAmx, Isa::kAvx512Bf16, Isa::kAvx512Vnni, Isa::kAvx512, Isa::kAvxVnni, Isa::kAvx2}) {
    const bool slow = isa == Isa::kAvx512Bf16 && features.slow_bf16_dot;
    if (cpu_runs(features, isa) && !slow) {
      return isa;
    }
  }
  return Isa::kGeneric;
}

}  // namespace rr::kernels
