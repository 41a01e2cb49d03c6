// What `rerankd quantize` records in config.json, and what every later load goes by:
//   "rerankd_quantization": {"version": 1, "dtype": "int8", "kept_bf16": [NAME…],
//                            "biases_folded": true, …}
// int8: a matrix X.weight is I8 [out,in] with X.weight_scale F32 [out]; weight = value · scale of
// its row; NAMEs (without ".weight") stay BF16 because they hurt the ranking. bf16: matrices are
// BF16. A checkpoint with float weights may carry the entry too: then its kept_bf16 applies when it
// is served with int8. Fields that are not named here are for people. Pure. Tested by
// quantization_test.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rr::checkpoint {

constexpr std::string_view kQuantizationKey = "rerankd_quantization";
constexpr int kQuantizationVersion = 1;

struct QuantizationEntry {
  std::string dtype;  // "int8" or "bf16"
  std::vector<std::string> kept_bf16;
  bool biases_folded = false;
};

// The value of the entry. kCorrupt with one line; kUnsupported for another version.
Result<QuantizationEntry> parse_quantization(std::string_view json);

}  // namespace rr::checkpoint
