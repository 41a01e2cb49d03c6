// How much memory a model's weights take once an executor has packed them, by quantization: what
// `rerankd check` prints and what the memory limit is compared with. Matrices take 4, 2 or 1 bytes
// a weight (int8 with a float32 scale per row besides), those of the blocks 6 where float32 is kept
// as three bfloat16 parts (AMX), everything else 4. Workspaces (some MB per
// worker) and caches come on top. Pure. Tested by memory_need_test.cpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "model/model_spec.h"

namespace rr::model {

enum class WeightFormat { kFloat32, kFloat32AsBFloat16x3, kBFloat16, kInt8 };

// "none" (or "fp32"), "bf16", "int8" as the option --quantization writes them.
Result<WeightFormat> weight_format_from_name(std::string_view quantization);

std::int64_t parameter_count(const ModelSpec& spec);
std::int64_t weight_bytes(const ModelSpec& spec, WeightFormat format);

// "90.9 MB": decimal, as disks and the Hub count.
std::string shown_bytes(std::int64_t bytes);

}  // namespace rr::model
