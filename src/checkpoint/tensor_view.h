// A named tensor of a checkpoint: a borrowed view into mapped or owned memory that the Checkpoint
// keeps alive. Contiguous, row-major, little-endian; data may be unaligned. A value; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace rr::checkpoint {

struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;

  std::int64_t elements() const {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) {
      count *= extent;
    }
    return count;
  }
  std::size_t size_bytes() const {
    return static_cast<std::size_t>(elements()) * dtype_bytes(dtype);
  }
};

}  // namespace rr::checkpoint
