#include "config/option_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace rr::config {

namespace {

std::string flag_of(std::string_view variable) {
  constexpr std::string_view kPrefix = "RERANKER_";
  if (variable.substr(0, kPrefix.size()) == kPrefix) {
    variable.remove_prefix(kPrefix.size());
  }
  std::string flag = "--";
  for (const char letter : variable) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    flag += letter == '_' ? '-' : upper ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return flag;
}

std::string with_unit(std::string text, std::string_view unit) {
  return unit.empty() ? text : fmt::format("{} ({})", text, unit);
}

}  // namespace

const OptionSpec* find_option(std::string_view variable) {
  for (const OptionSpec& spec : option_table()) {
    if (spec.name == variable ||
        std::find(spec.aliases.begin(), spec.aliases.end(), variable) != spec.aliases.end()) {
      return &spec;
    }
  }
  return nullptr;
}

std::vector<std::string> flags_of(const OptionSpec& spec) {
  std::vector<std::string> flags = {flag_of(spec.name)};
  const auto add = [&flags](const std::string& flag) {
    if (std::find(flags.begin(), flags.end(), flag) == flags.end()) {
      flags.push_back(flag);
    }
  };
  for (const std::string_view alias : spec.aliases) {
    add(flag_of(alias));
  }
  for (const std::string_view flag : spec.extra_flags) {
    add(std::string(flag));
  }
  return flags;
}

std::string allowed_text(const OptionSpec& spec) {
  switch (spec.kind) {
    case Kind::kText:
    case Kind::kSecret:
      return "text without control characters";
    case Kind::kPath:
      return "a path";
    case Kind::kUrl:
      return fmt::format("an address {}://…", fmt::join(spec.choices, "://… or "));
    case Kind::kChoice:
      return fmt::format("{}", fmt::join(spec.choices, ", "));
    case Kind::kBoolean:
      return "true, false";
    case Kind::kInteger:
      return with_unit(fmt::format("a whole number from {:.0f} to {:.0f}", spec.least, spec.most),
                       spec.unit);
    case Kind::kNumber:
      return with_unit(fmt::format("a number from {} to {:.0f}", spec.least, spec.most), spec.unit);
    case Kind::kDevice:
      return "auto, cpu, cuda, cuda:N";
  }
  return "";
}

}  // namespace rr::config
