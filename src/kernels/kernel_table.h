// KernelTable: the plain functions an executor runs on a CPU, one table per instruction set, chosen
// once at start. Row kernels take pointers and counts, since per-ISA files include nothing but
// intrinsics; views are unpacked above. Bit law: each output element's sequence of operations
// depends on the shape alone, never on how many rows share a call. Filled in
// kernels/cpu/{generic,avx2,avx512}; `generic` is the plain reference that the others agree with.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace rr::kernels {

// As the --isa option names them; each uses only its own extensions.
enum class Isa { kGeneric, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmx };

std::string_view isa_name(Isa isa);
// kInvalidArgument for a name that is none of the option's; kUnsupported when this CPU or this
// build lacks it.
Result<Isa> isa_from_name(std::string_view name);
// What CPUID and XCR0 say this machine runs, best last.
std::vector<Isa> available_isas();
Isa best_isa();

}  // namespace rr::kernels
