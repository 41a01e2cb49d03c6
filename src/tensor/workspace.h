// One block of memory handed out piece by piece, so that hot paths never allocate. The same layout
// function runs twice: over a measuring Workspace, which only adds up, and over one of exactly that
// size. Pieces start on cache lines and live as long as the Workspace; nothing is given back
// singly. Movable; not thread-safe: one owner. Tested by workspace_test.cpp.
#pragma once

#include <cstddef>
#include <span>

#include "base/aligned_memory.h"
#include "base/check.h"

namespace rr {

class Workspace {
 public:
  Workspace() = default;  // measures: take() counts and returns null
  explicit Workspace(std::size_t size_bytes) : memory_(size_bytes), owns_(true) {}

  template <typename T>
  T* take(std::size_t count) {
    return reinterpret_cast<T*>(take_bytes(count * sizeof(T)));
  }
  // Requires, unless measuring: the pieces taken so far leave room. A piece's size is rounded up to
  // whole cache lines.
  std::byte* take_bytes(std::size_t size_bytes) {
    constexpr std::size_t kCacheLine = 64;
    std::byte* piece = owns_ ? memory_.data() + used_bytes_ : nullptr;
    used_bytes_ += (size_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
    RR_CHECK(!owns_ || used_bytes_ <= memory_.size_bytes());
    return piece;
  }

  std::size_t used_bytes() const { return used_bytes_; }
  std::span<std::byte> bytes() { return {memory_.data(), memory_.size_bytes()}; }

 private:
  AlignedMemory memory_;
  std::size_t used_bytes_ = 0;
  bool owns_ = false;
};

}  // namespace rr
