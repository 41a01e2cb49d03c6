// Linux lends a process the AMX tile registers only when asked (arch_prctl(2),
// ARCH_REQ_XCOMP_PERM), once, before the first tile instruction of any thread. Thread-safe; later
// calls return the first answer. False without AMX or where the kernel refuses.
#pragma once

namespace rr::kernels {

bool tiles_permitted();

}  // namespace rr::kernels
