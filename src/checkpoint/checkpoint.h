// A checkpoint folder opened for reading: config.json and every tensor of model.safetensors, or of
// the shards that model.safetensors.index.json names. Files are mapped, so opening costs the
// headers only. Errors: kNotFound (no such file), kCorrupt (breaks its format), each one line
// naming file and tensor. Immutable; thread-safe; views stay valid as long as the Checkpoint.
// Tested by checkpoint_test.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checkpoint/mapped_file.h"
#include "checkpoint/model_config.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_view.h"

namespace rr::checkpoint {

class Checkpoint {
 public:
  static Result<std::shared_ptr<const Checkpoint>> open(const std::filesystem::path& dir);

  const ModelConfig& config() const { return config_; }
  std::span<const TensorEntry> tensors() const { return tensors_; }
  const TensorEntry* find(std::string_view name) const;
  // The tensor as a view, when it has this shape and one of F32, F16, BF16, or, in a checkpoint of
  // `rerankd quantize`, I8 with its scales; `name` goes into the view. kCorrupt when it is missing
  // or has another shape, kUnsupported for another dtype. Values are not looked at.
  Result<TensorView> tensor(std::string_view name, const std::vector<std::int64_t>& shape) const;

 private:
  Result<TensorView> int8_tensor(const TensorEntry& entry) const;
  Status add_file(const std::filesystem::path& path);
  Status add_shards(const std::filesystem::path& dir);
  Status index_names();

  ModelConfig config_;
  std::vector<MappedFile> files_;
  std::vector<TensorEntry> tensors_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
};

}  // namespace rr::checkpoint
