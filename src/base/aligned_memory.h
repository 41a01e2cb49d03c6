// Memory for weights and activations: aligned to 64 bytes (one cache line, one AVX-512 register),
// or to 2 MiB with transparent huge pages asked for when the block is at least that large.
// Zero-filled. Out of memory aborts: every large buffer is sized at start. A value that owns;
// moving is cheap; thread-safe as any buffer is.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace rr {

class AlignedMemory {
 public:
  AlignedMemory() = default;
  explicit AlignedMemory(std::size_t size_bytes);

  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size_bytes() const { return size_bytes_; }

  // The block seen as count = size_bytes / sizeof(T) values of a trivial type.
  template <typename T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_.get()), size_bytes_ / sizeof(T)};
  }
  template <typename T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_.get()), size_bytes_ / sizeof(T)};
  }

 private:
  struct Free {
    void operator()(std::byte* block) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_bytes_ = 0;
};

}  // namespace rr
