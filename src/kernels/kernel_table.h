// KernelTable: the plain functions an executor runs on a CPU, one table per instruction set, chosen
// once at start. Row kernels take pointers and counts, since per-ISA files include nothing but
// intrinsics; views are unpacked above. Bit law: each output element's sequence of operations
// depends on the shape alone, never on how many rows share a call. Filled in kernels/cpu/;
// `generic` is the plain reference that the others agree with. Tested by kernel_table_test.cpp and,
// kernel by kernel against generic, gemm_test.cpp, attention_test.cpp and row_kernels_test.cpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernels/kernel_ops_inl.h"

namespace rr::kernels {

// As the --isa option names them; each uses only its own extensions (kAvx512Bf16 counts AVX512_VNNI
// among them: no CPU has the first without the second).
enum class Isa { kGeneric, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmx };

std::string_view isa_name(Isa isa);
// "" is the best this machine runs. kInvalidArgument for a name that is none of the option's;
// kUnsupported when this CPU lacks it.
Result<Isa> isa_from_name(std::string_view name);
// What CPUID and XCR0 say this machine runs, by age, the newest last.
std::vector<Isa> available_isas();
Isa best_isa();

// Requires: isa is one of available_isas(). The table is immutable and lives for ever.
const CpuKernels& kernel_table(Isa isa);

// Bytes of scratch one attention call needs for at most `keys` keys, whichever the instruction set.
std::size_t attention_scratch_bytes(std::int64_t keys, std::int64_t head_size);

}  // namespace rr::kernels
