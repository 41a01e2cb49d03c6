// Downloads a model of the Hugging Face Hub into the local cache, laid out as huggingface_hub does
// (hub_cache.h): blobs/ETAG, snapshots/COMMIT/FILE as links to them, refs/REVISION last, so that a
// download that was cut off is never found as a model and goes on where it stopped. Only the files
// that serving needs. Every file is checked: its length, and its SHA-256 (large files) or its git
// blob id (small ones), which the Hub sends as ETag; then it is renamed into place. Source:
// huggingface_hub, "HTTP API" and "Understand caching". Blocks; one per cache at a time is enough,
// two do no harm. Errors: kNotFound (no such model, revision or file), kUnauthorized, kUnavailable,
// kCorrupt (an answer that breaks the rules), kTooLarge, kInternal (the disk). Tested by
// hub_download_test.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace rr::checkpoint {

struct HubDownload {
  std::string model_id;
  std::string revision = "main";
  std::string endpoint;  // https://…, without a slash at the end
  std::string token;
  std::filesystem::path hub_dir;
  // Called as bytes arrive: of `file`, `done` of `total` are here.
  std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)> progress;
};

// The snapshot folder.
Result<std::filesystem::path> download_from_hub(const HubDownload& download);

}  // namespace rr::checkpoint
