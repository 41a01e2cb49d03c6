// Where the model is that was asked for: a directory, the built-in one, or a snapshot in the local
// Hugging Face cache. Reads the disk, never the network. A model that was asked for is never
// replaced by another. Tested by model_place_test.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace rr::cli {

struct ModelPlace {
  std::filesystem::path dir;
  std::string source;  // "builtin", "local", "hub"
  std::string name;    // as answers show it unless RERANKER_SERVED_NAME says otherwise
};

// Folders that may hold the built-in model, best first: beside the build tree, beside an installed
// program, in the tree that the program was built from.
std::vector<std::filesystem::path> builtin_model_dirs(const std::filesystem::path& executable,
                                                      const std::filesystem::path& source_dir);

// kNotFound with what to do; kInvalidArgument for a name that is neither a folder nor a Hub id.
Result<ModelPlace> find_model(const config::ModelSettings& settings,
                              const std::vector<std::filesystem::path>& builtin_dirs);

}  // namespace rr::cli
