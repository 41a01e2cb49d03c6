// A named tensor of a checkpoint: a borrowed view into mapped or owned memory that the Checkpoint
// keeps alive. Contiguous, row-major, little-endian; data may be unaligned. An I8 tensor is a
// matrix with one scale per row: weight = value · scale[row]. A value; thread-safe. Tested by
// tensor_view_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace rr::checkpoint {

struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;
  const std::byte* scale = nullptr;  // [shape[0]] F32, kI8 only

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

// Elements [begin, begin + out.size()) as f32, whatever the dtype.
void read_floats(const TensorView& tensor, std::size_t begin, std::span<float> out);

// The scale of one row of an I8 tensor.
float row_scale(const TensorView& tensor, std::size_t row);

}  // namespace rr::checkpoint
