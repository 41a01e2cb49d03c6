#include "checkpoint/weight_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "checkpoint/safetensors.h"

namespace rr::checkpoint {

namespace {

// A float is NaN or infinite exactly when all its exponent bits are set.
template <typename Bits>
std::size_t first_non_finite(std::span<const std::byte> bytes, Bits exponent) {
  const std::size_t count = bytes.size() / sizeof(Bits);
  constexpr std::size_t kBlock = 256;  // a branch per block lets the inner loop vectorise
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, count);
    Bits bad = 0;
    for (std::size_t i = begin; i < end; ++i) {
      Bits value = 0;
      std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
      bad = static_cast<Bits>(bad | static_cast<Bits>((value & exponent) == exponent));
    }
    if (bad == 0) {
      continue;
    }
    for (std::size_t i = begin; i < end; ++i) {
      Bits value = 0;
      std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
      if ((value & exponent) == exponent) {
        return i;
      }
    }
  }
  return count;
}

std::size_t first_non_finite(std::span<const std::byte> bytes, DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return first_non_finite<std::uint32_t>(bytes, 0x7F800000);
    case DType::kF16:
      return first_non_finite<std::uint16_t>(bytes, 0x7C00);
    case DType::kBF16:
      return first_non_finite<std::uint16_t>(bytes, 0x7F80);
    case DType::kI8:
      break;
  }
  return bytes.size();
}

// Symmetric int8: no −128, and a scale above 0 where the row holds anything.
Status check_int8(const TensorView& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.shape[0]);
  const auto columns = static_cast<std::size_t>(tensor.shape[1]);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto* values = reinterpret_cast<const std::int8_t*>(tensor.data) + row * columns;
    const auto [least, most] = std::minmax_element(values, values + columns);
    const bool is_zero = *least == 0 && *most == 0;
    const float scale = row_scale(tensor, row);
    if (!std::isfinite(scale) || scale < 0 || (scale == 0 && !is_zero)) {
      return Status(Code::kCorrupt,
                    fmt::format("[safetensors] tensor {}: scale {} is {}, wants a finite number "
                                "above 0",
                                shown_name(tensor.name + "_scale"),
                                row,
                                scale));
    }
    if (*least < -127) {
      return Status(Code::kCorrupt,
                    fmt::format("[safetensors] tensor {}: row {} holds -128, wants -127 to 127",
                                shown_name(tensor.name),
                                row));
    }
  }
  return {};
}

}  // namespace

Status scan_weights(const TensorView& tensor, DigestBuilder& digest) {
  digest.add(tensor.name).add(dtype_name(tensor.dtype));
  digest.add_number(static_cast<std::int64_t>(tensor.shape.size()));
  for (const std::int64_t extent : tensor.shape) {
    digest.add_number(extent);
  }
  if (tensor.dtype == DType::kI8 && tensor.scale != nullptr) {
    RR_RETURN_IF_ERROR(check_int8(tensor));
    digest.add_bytes({tensor.scale, static_cast<std::size_t>(tensor.shape[0]) * sizeof(float)});
  }
  const std::span<const std::byte> bytes(tensor.data, tensor.size_bytes());
  constexpr std::size_t kChunkBytes = std::size_t{128} << 10;  // stays in L2 between the two looks
  const std::size_t element = dtype_bytes(tensor.dtype);
  for (std::size_t at = 0; at < bytes.size(); at += kChunkBytes) {
    const auto chunk = bytes.subspan(at, std::min(kChunkBytes, bytes.size() - at));
    const std::size_t bad = first_non_finite(chunk, tensor.dtype);
    if (bad < chunk.size() / element) {
      return Status(Code::kCorrupt,
                    fmt::format("[safetensors] tensor {}: weight {} is NaN or infinite",
                                shown_name(tensor.name),
                                at / element + bad));
    }
    digest.add_bytes(chunk);
  }
  return {};
}

}  // namespace rr::checkpoint
