#include "config/env_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace rr::config {

namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool is_key(std::string_view key) {
  const auto letter_ok = [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
           (letter >= '0' && letter <= '9') || letter == '_';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), letter_ok);
}

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

Result<std::vector<EnvFileLine>> parse_env_text(std::string_view text, std::string_view file_name) {
  std::vector<EnvFileLine> lines;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') {
      continue;
    }
    constexpr std::string_view kExport = "export ";
    if (line.substr(0, kExport.size()) == kExport) {
      line = trim(line.substr(kExport.size()));
    }
    const auto equals = line.find('=');
    const std::string_view key = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_key(key)) {
      return Status(
          Code::kCorrupt,
          fmt::format(
              "{}:{}: a line must be KEY=VALUE, empty, or start with #", file_name, number));
    }
    lines.push_back(
        {number, std::string(key), std::string(unquoted(trim(line.substr(equals + 1))))});
  }
  return lines;
}

Result<std::vector<EnvFileLine>> read_env_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return Status(Code::kNotFound, fmt::format("{}: no such file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Status(Code::kNotFound, fmt::format("{}: cannot be read", file.string()));
  }
  if (std::filesystem::file_size(file, error) > kMaxFileBytes || error) {
    return Status(Code::kTooLarge, fmt::format("{}: larger than 1 MiB", file.string()));
  }
  std::stringstream text;
  text << in.rdbuf();
  return parse_env_text(text.str(), file.string());
}

}  // namespace rr::config
