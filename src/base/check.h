// RR_CHECK(condition): our own invariants. A broken one prints file, line and text, then aborts.
// Never for bytes from network, disk, Redis or a device: those get a Status.
// RR_DCHECK is the same in builds without NDEBUG, for conditions that cost something in inner
// loops.
#pragma once

namespace rr {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace rr

#define RR_CHECK(condition)                               \
  do {                                                    \
    if (!(condition)) [[unlikely]]                        \
      ::rr::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define RR_DCHECK(condition) \
  do {                       \
  } while (false && (condition))
#else
#define RR_DCHECK(condition) RR_CHECK(condition)
#endif
