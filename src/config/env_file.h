// The file behind `--config`: one KEY=VALUE a line, as systemd's EnvironmentFile and `docker
// --env-file` take it (deploy/*.env). Blank lines and lines that start with # are skipped, `export
// ` before a key and a pair of quotes around a value are allowed; nothing is expanded. At most 1
// MiB. kNotFound, kTooLarge or kCorrupt, the latter with file and line. Tested by
// env_file_test.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rr::config {

struct EnvFileLine {
  int line = 0;  // counts from 1
  std::string key;
  std::string value;
};

Result<std::vector<EnvFileLine>> read_env_file(const std::filesystem::path& file);
Result<std::vector<EnvFileLine>> parse_env_text(std::string_view text, std::string_view file_name);

}  // namespace rr::config
