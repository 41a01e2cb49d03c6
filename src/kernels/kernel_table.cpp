#include "kernels/kernel_table.h"

#include <algorithm>
#include <array>
#include <string>

#include "kernels/cpu/cpu_kernels.h"
#include "kernels/cpu_features.h"

namespace rr::kernels {

namespace {

struct IsaEntry {
  Isa isa;
  std::string_view name;
  const CpuKernels* kernels;
};

// Worst first.
constexpr std::array<IsaEntry, 7> kIsas = {{
    {Isa::kGeneric, "generic", &kGenericKernels},
    {Isa::kAvx2, "avx2", &kAvx2Kernels},
    {Isa::kAvxVnni, "avxvnni", &kAvxVnniKernels},
    {Isa::kAvx512, "avx512", &kAvx512Kernels},
    {Isa::kAvx512Vnni, "avx512vnni", &kAvx512VnniKernels},
    {Isa::kAvx512Bf16, "avx512bf16", &kAvx512Bf16Kernels},
    {Isa::kAmx, "amx", &kAmxKernels},
}};

const IsaEntry& entry_of(Isa isa) {
  return kIsas[static_cast<std::size_t>(isa)];
}

bool available(const IsaEntry& entry) {
  return cpu_runs(cpu_features(), entry.isa);
}

}  // namespace

std::string_view isa_name(Isa isa) {
  return entry_of(isa).name;
}

Result<Isa> isa_from_name(std::string_view name) {
  if (name.empty()) {
    return best_isa();
  }
  const auto* found = std::find_if(
      kIsas.begin(), kIsas.end(), [name](const IsaEntry& entry) { return entry.name == name; });
  if (found == kIsas.end()) {
    std::string all;
    for (const IsaEntry& entry : kIsas) {
      all += (all.empty() ? "" : ", ") + std::string(entry.name);
    }
    return Status(Code::kInvalidArgument,
                  "[isa] \"" + std::string(name) + "\" is no instruction set; wants one of " + all);
  }
  if (!available(*found)) {
    return Status(Code::kUnsupported,
                  "[isa] this CPU lacks " + std::string(name) + "; the best it runs is " +
                      std::string(isa_name(best_isa())));
  }
  return found->isa;
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const IsaEntry& entry : kIsas) {
    if (available(entry)) {
      isas.push_back(entry.isa);
    }
  }
  return isas;
}

Isa best_isa() {
  return best_isa_of(cpu_features());
}

const CpuKernels& kernel_table(Isa isa) {
  return *entry_of(isa).kernels;
}

std::size_t attention_scratch_bytes(std::int64_t keys, std::int64_t head_size) {
  constexpr std::int64_t kWidest = 64;  // no panel is wider, no row block taller
  const auto round_up = [](std::int64_t value) {
    return (value + kWidest - 1) / kWidest * kWidest;
  };
  const std::int64_t packed_keys = round_up(keys) * round_up(head_size);
  const std::int64_t packed_values = round_up(keys) * round_up(head_size);
  const std::int64_t score_strip = kWidest * round_up(keys);
  return static_cast<std::size_t>(packed_keys + packed_values + score_strip) * sizeof(float);
}

}  // namespace rr::kernels
