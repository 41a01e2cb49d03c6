#include "cli/model_place.h"

#include <fmt/format.h>

#include "checkpoint/hub_cache.h"

namespace rr::cli {

namespace {

namespace fs = std::filesystem;

std::string folder_name(const fs::path& dir) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(dir, error);
  const std::string name = (error ? dir : whole).filename().string();
  return name.empty() ? dir.string() : name;
}

Result<ModelPlace> local_model(const fs::path& dir, std::string_view option) {
  std::error_code error;
  if (!fs::is_directory(dir, error)) {
    return Status(Code::kNotFound, fmt::format("{}: {} is no folder", option, dir.string()));
  }
  return ModelPlace{dir, "local", folder_name(dir)};
}

bool looks_like_path(const std::string& model) {
  return model.starts_with('/') || model.starts_with("./") || model.starts_with("../") ||
         model == "." || model == "..";
}

}  // namespace

std::vector<fs::path> builtin_model_dirs(const fs::path& executable, const fs::path& source_dir) {
  const fs::path model = fs::path("models") / "builtin";
  const fs::path bin = executable.parent_path();
  return {(bin / ".." / ".." / ".." / model).lexically_normal(),
          (bin / ".." / "share" / "rerankd" / model).lexically_normal(),
          source_dir / model};
}

Result<ModelPlace> find_model(const config::ModelSettings& settings,
                              const std::vector<fs::path>& builtin_dirs) {
  if (!settings.local_path.empty()) {
    return local_model(settings.local_path, "RERANKER_MODEL_LOCAL_PATH");
  }
  std::error_code error;
  if (settings.model == "builtin") {
    for (const fs::path& dir : builtin_dirs) {
      if (fs::exists(dir / "config.json", error)) {
        return ModelPlace{dir, "builtin", "builtin"};
      }
    }
    return Status(Code::kNotFound,
                  fmt::format("the built-in model is not at {}; set RERANKER_MODEL_LOCAL_PATH",
                              builtin_dirs.front().string()));
  }
  if (looks_like_path(settings.model) || fs::is_directory(settings.model, error)) {
    return local_model(settings.model, "RERANKER_MODEL");
  }
  if (!checkpoint::is_hub_id(settings.model)) {
    return Status(Code::kInvalidArgument,
                  fmt::format("RERANKER_MODEL: \"{}\" is neither `builtin`, nor a folder, nor a "
                              "Hub id such as cross-encoder/ms-marco-MiniLM-L-6-v2",
                              settings.model));
  }
  RR_ASSIGN_OR_RETURN(
      fs::path dir,
      checkpoint::find_in_hub_cache(
          settings.model, {.hub_dir = settings.hub_cache, .revision = settings.revision}));
  return ModelPlace{std::move(dir), "hub", settings.model};
}

}  // namespace rr::cli
