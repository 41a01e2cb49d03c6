#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "checkpoint/json_fields.h"

namespace rr::checkpoint {

namespace {

constexpr std::string_view kSingleFile = "model.safetensors";
constexpr std::string_view kIndexFile = "model.safetensors.index.json";
constexpr std::size_t kIndexBytesMax = std::size_t{16} << 20;
constexpr std::size_t kShardsMax = 1000;

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Status missing_files(const std::filesystem::path& dir) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(dir, ignored)) {
    return Status(Code::kNotFound, fmt::format("[checkpoint] no folder {}", dir.string()));
  }
  std::string hint;
  if (is_there(dir / "pytorch_model.bin")) {
    hint =
        "; it has pytorch_model.bin, which runs code when read: convert it with "
        "transformers' save_pretrained(safe_serialization=True)";
  }
  return Status(
      Code::kNotFound,
      fmt::format(
          "[checkpoint] {} has neither {} nor {}{}", dir.string(), kSingleFile, kIndexFile, hint));
}

// A name from the index is a file beside it, never a path elsewhere.
bool is_beside(std::string_view file) {
  return !file.empty() && file != "." && file != ".." && file.find('/') == std::string_view::npos &&
         file.find('\0') == std::string_view::npos;
}

}  // namespace

Result<std::shared_ptr<const Checkpoint>> Checkpoint::open(const std::filesystem::path& dir) {
  auto checkpoint = std::make_shared<Checkpoint>();
  if (is_there(dir / kSingleFile)) {
    RR_RETURN_IF_ERROR(checkpoint->add_file(dir / kSingleFile));
  } else if (is_there(dir / kIndexFile)) {
    RR_RETURN_IF_ERROR(checkpoint->add_shards(dir));
  } else {
    return missing_files(dir);
  }
  RR_RETURN_IF_ERROR(checkpoint->index_names());
  RR_ASSIGN_OR_RETURN(checkpoint->config_, read_model_config(dir));
  return std::shared_ptr<const Checkpoint>(std::move(checkpoint));
}

Status Checkpoint::add_file(const std::filesystem::path& path) {
  RR_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  RR_ASSIGN_OR_RETURN(
      std::vector<TensorEntry> entries,
      parse_safetensors(path.filename().string(), file.bytes(), SafetensorsLimits{}));
  files_.push_back(std::move(file));
  tensors_.insert(tensors_.end(),
                  std::make_move_iterator(entries.begin()),
                  std::make_move_iterator(entries.end()));
  return {};
}

Status Checkpoint::add_shards(const std::filesystem::path& dir) {
  RR_ASSIGN_OR_RETURN(const std::string json, read_small_file(dir / kIndexFile, kIndexBytesMax));
  RR_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::parse(kIndexFile, json));
  const auto weight_map = fields.string_map("weight_map");
  RR_RETURN_IF_ERROR(fields.status());
  std::set<std::string> shards;
  for (const auto& [name, file] : weight_map) {
    if (!is_beside(file)) {
      return Status(Code::kCorrupt,
                    fmt::format("[{}] tensor {}: {} is no file name",
                                kIndexFile,
                                shown_name(name),
                                shown_name(file)));
    }
    shards.insert(file);
  }
  if (shards.empty() || shards.size() > kShardsMax) {
    return Status(Code::kCorrupt,
                  fmt::format("[{}] weight_map names {} files, wants 1 to {}",
                              kIndexFile,
                              shards.size(),
                              kShardsMax));
  }
  for (const std::string& shard : shards) {
    RR_RETURN_IF_ERROR(add_file(dir / shard));
  }
  return {};
}

Status Checkpoint::index_names() {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (!by_name_.emplace(tensors_[i].name, i).second) {
      return Status(
          Code::kCorrupt,
          fmt::format("[safetensors] tensor {}: in two files", shown_name(tensors_[i].name)));
    }
  }
  return {};
}

const TensorEntry* Checkpoint::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

Result<TensorView> Checkpoint::tensor(std::string_view name,
                                      const std::vector<std::int64_t>& shape) const {
  const TensorEntry* entry = find(name);
  if (entry == nullptr) {
    return Status(Code::kCorrupt,
                  fmt::format("[safetensors] tensor {}: missing; is this the right revision?",
                              shown_name(name)));
  }
  if (entry->shape != shape) {
    return Status(Code::kCorrupt,
                  fmt::format("[safetensors] tensor {}: wants {}, file has {}; does config.json "
                              "belong to these weights?",
                              shown_name(name),
                              shown_shape(shape),
                              shown_shape(entry->shape)));
  }
  const Result<DType> dtype = dtype_from_name(entry->dtype);
  if (dtype.ok() && *dtype == DType::kI8 && config_.quantization) {
    return int8_tensor(*entry);
  }
  if (!dtype.ok() || *dtype == DType::kI8) {
    return Status(Code::kUnsupported,
                  fmt::format("[safetensors] tensor {}: dtype {} is none of F32, F16, BF16",
                              shown_name(name),
                              entry->dtype));
  }
  return TensorView{std::string(name), *dtype, shape, entry->data.data()};
}

// A matrix with one scale per row.
Result<TensorView> Checkpoint::int8_tensor(const TensorEntry& entry) const {
  const std::string scale_name = entry.name + "_scale";
  const TensorEntry* scale = find(scale_name);
  const auto corrupt = [](std::string_view name, std::string_view wrong) {
    return Status(Code::kCorrupt,
                  fmt::format("[safetensors] tensor {}: {}", shown_name(name), wrong));
  };
  if (entry.shape.size() != 2) {
    return corrupt(entry.name, "I8 wants a matrix");
  }
  if (scale == nullptr) {
    return corrupt(scale_name, "missing; an I8 matrix wants one scale per row");
  }
  if (scale->dtype != "F32" || scale->shape != std::vector<std::int64_t>{entry.shape[0]}) {
    return corrupt(scale_name,
                   fmt::format("wants F32 [{}], file has {} {}",
                               entry.shape[0],
                               scale->dtype,
                               shown_shape(scale->shape)));
  }
  return TensorView{entry.name, DType::kI8, entry.shape, entry.data.data(), scale->data.data()};
}

}  // namespace rr::checkpoint
