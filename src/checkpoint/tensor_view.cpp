#include "checkpoint/tensor_view.h"

#include <cstring>

namespace rr::checkpoint {

namespace {

template <typename T>
T load(const std::byte* at) {
  T value{};
  std::memcpy(&value, at, sizeof value);
  return value;
}

void read_int8(const TensorView& tensor, std::size_t begin, std::span<float> out) {
  const auto columns = static_cast<std::size_t>(tensor.shape.back());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto value = load<std::int8_t>(tensor.data + begin + i);
    out[i] = static_cast<float>(value) * row_scale(tensor, (begin + i) / columns);
  }
}

}  // namespace

void read_floats(const TensorView& tensor, std::size_t begin, std::span<float> out) {
  const std::byte* at = tensor.data + begin * dtype_bytes(tensor.dtype);
  switch (tensor.dtype) {
    case DType::kF32:
      std::memcpy(out.data(), at, out.size_bytes());
      break;
    case DType::kF16:
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = half_to_float(load<std::uint16_t>(at + i * sizeof(std::uint16_t)));
      }
      break;
    case DType::kBF16:
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = to_float(BFloat16{load<std::uint16_t>(at + i * sizeof(std::uint16_t))});
      }
      break;
    case DType::kI8:
      read_int8(tensor, begin, out);
      break;
  }
}

float row_scale(const TensorView& tensor, std::size_t row) {
  return load<float>(tensor.scale + row * sizeof(float));
}

}  // namespace rr::checkpoint
