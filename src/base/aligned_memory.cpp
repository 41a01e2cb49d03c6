#include "base/aligned_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace rr {

namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

}  // namespace

AlignedMemory::AlignedMemory(std::size_t size_bytes) : size_bytes_(size_bytes) {
  if (size_bytes == 0) {
    return;
  }
  const std::size_t alignment = size_bytes >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t rounded = round_up(size_bytes, alignment);
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)));
  RR_CHECK(data_ != nullptr);
  if (alignment == kHugePage) {
    // Advice only: a kernel without transparent huge pages refuses, and small pages work as well.
    (void)madvise(data_.get(), rounded, MADV_HUGEPAGE);
  }
  std::memset(data_.get(), 0, rounded);
}

void AlignedMemory::Free::operator()(std::byte* block) const {
  std::free(block);
}

}  // namespace rr
