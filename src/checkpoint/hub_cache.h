// Finds a model of the Hugging Face Hub in the local cache as huggingface_hub lays it out
// (docs "Understand caching"): HUB/models--ORG--NAME/{refs/REVISION, snapshots/COMMIT/}. Reads the
// disk, never the network and never the environment. Thread-safe. Tested by hub_cache_test.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rr::checkpoint {

struct HubCacheOptions {
  std::filesystem::path hub_dir;  // HF_HOME/hub
  std::string revision = "main";  // branch, tag or commit
};

// ORG/NAME, or a bare NAME as the oldest models have: letters, digits, '-', '_', '.'.
bool is_hub_id(std::string_view text);

// HUB/models--ORG--NAME, there or not. kInvalidArgument for a bad id or revision.
Result<std::filesystem::path> hub_cache_folder(std::string_view model_id,
                                               const HubCacheOptions& options);

// The snapshot folder. kInvalidArgument for a bad id or revision; kNotFound, saying how to fetch
// it, when the cache does not have it; kCorrupt when the cache breaks its own layout.
Result<std::filesystem::path> find_in_hub_cache(std::string_view model_id,
                                                const HubCacheOptions& options);

}  // namespace rr::checkpoint
