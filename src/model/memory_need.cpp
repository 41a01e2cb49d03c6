#include "model/memory_need.h"

#include <fmt/format.h>

#include "model/family.h"

namespace rr::model {

namespace {

constexpr std::int64_t kFloatBytes = 4;

std::int64_t elements(const TensorSlot& slot) {
  std::int64_t count = 1;
  for (const std::int64_t extent : slot.shape) {
    count *= extent;
  }
  return count;
}

// Word embeddings and the matrices of the blocks are what quantization shrinks.
bool is_matrix(const TensorSlot& slot) {
  return slot.shape.size() == 2 && slot.shape[0] > 1;
}

bool in_block(const TensorSlot& slot) {
  return slot.name.find(".layer.") != std::string::npos;
}

}  // namespace

Result<WeightFormat> weight_format_from_name(std::string_view quantization) {
  if (quantization == "none" || quantization == "fp32") {
    return WeightFormat::kFloat32;
  }
  if (quantization == "bf16") {
    return WeightFormat::kBFloat16;
  }
  if (quantization == "int8") {
    return WeightFormat::kInt8;
  }
  return Status(Code::kInvalidArgument,
                fmt::format("[quantization] {} is none of none, fp32, bf16, int8",
                            checkpoint::shown_name(quantization)));
}

std::int64_t parameter_count(const ModelSpec& spec) {
  ModelWeights unused;
  std::int64_t count = 0;
  for (const TensorSlot& slot : family_named(spec.family).tensors(spec, unused)) {
    count += elements(slot);
  }
  return count;
}

std::int64_t weight_bytes(const ModelSpec& spec, WeightFormat format) {
  ModelWeights unused;
  std::int64_t bytes = 0;
  for (const TensorSlot& slot : family_named(spec.family).tensors(spec, unused)) {
    if (format == WeightFormat::kFloat32AsBFloat16x3 && is_matrix(slot) && in_block(slot)) {
      bytes += elements(slot) * 6;
    } else if (!is_matrix(slot) || format == WeightFormat::kFloat32 ||
               format == WeightFormat::kFloat32AsBFloat16x3) {
      bytes += elements(slot) * kFloatBytes;
    } else if (format == WeightFormat::kBFloat16 || spec.keeps_bf16(slot.name)) {
      bytes += elements(slot) * 2;
    } else {
      bytes += elements(slot) + slot.shape[0] * kFloatBytes;
    }
  }
  return bytes;
}

std::string shown_bytes(std::int64_t bytes) {
  constexpr double kMega = 1e6;
  constexpr std::int64_t kGiga = 1'000'000'000;
  const double size = static_cast<double>(bytes);
  return bytes >= kGiga ? fmt::format("{:.2f} GB", size / static_cast<double>(kGiga))
                        : fmt::format("{:.1f} MB", size / kMega);
}

}  // namespace rr::model
