#include "checkpoint/hub_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "checkpoint/mapped_file.h"
#include "checkpoint/safetensors.h"

namespace rr::checkpoint {

namespace {

bool is_plain(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

// One component of a path that cannot leave its folder.
bool is_component(std::string_view text) {
  constexpr std::size_t kLongest = 96;  // the Hub's own limit
  return !text.empty() && text.size() <= kLongest && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), is_plain);
}

// main, v1.0, refs/pr/3, or a commit: components with slashes between.
bool is_revision(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    if (!is_component(text.substr(0, slash))) {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(slash + 1);
  }
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

Status absent(std::string_view model_id,
              const std::filesystem::path& folder,
              const std::string& revision) {
  const bool is_main = revision == "main";
  return Status(Code::kNotFound,
                fmt::format("[hub] {} is not in the local cache ({}, revision {}); fetch it with "
                            "`rerankd pull {}{}`",
                            model_id,
                            folder.string(),
                            revision,
                            model_id,
                            is_main ? "" : "@" + revision));
}

}  // namespace

bool is_hub_id(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return is_component(text);
  }
  return is_component(text.substr(0, slash)) && is_component(text.substr(slash + 1));
}

Result<std::filesystem::path> hub_cache_folder(std::string_view model_id,
                                               const HubCacheOptions& options) {
  if (!is_hub_id(model_id)) {
    return Status(Code::kInvalidArgument,
                  fmt::format("[hub] {} is no Hub id; wants ORG/NAME", shown_name(model_id)));
  }
  if (!is_revision(options.revision)) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("[hub] revision {} is no branch, tag or commit", shown_name(options.revision)));
  }
  std::string name = "models--" + std::string(model_id);
  if (const std::size_t slash = name.find('/'); slash != std::string::npos) {
    name.replace(slash, 1, "--");
  }
  return options.hub_dir / name;
}

Result<std::filesystem::path> find_in_hub_cache(std::string_view model_id,
                                                const HubCacheOptions& options) {
  RR_ASSIGN_OR_RETURN(const std::filesystem::path folder, hub_cache_folder(model_id, options));
  constexpr std::size_t kRefBytesMax = 256;
  std::string commit = options.revision;
  const std::filesystem::path ref = folder / "refs" / options.revision;
  Result<std::string> ref_text = read_small_file(ref, kRefBytesMax);
  if (ref_text.ok()) {
    commit = trimmed(*ref_text);
    if (!is_component(commit)) {
      return Status(Code::kCorrupt, fmt::format("[hub] {} holds no commit", ref.string()));
    }
  }
  std::error_code error;
  const std::filesystem::path snapshot = folder / "snapshots" / commit;
  if (!is_component(commit) || !std::filesystem::is_directory(snapshot, error)) {
    return absent(model_id, folder, options.revision);
  }
  return snapshot;
}

}  // namespace rr::checkpoint
