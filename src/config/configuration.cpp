#include "config/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "config/option_value.h"

namespace rr::config {

namespace {

struct Found {
  std::string text;
  Origin origin;
  std::string set_by;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_service_link(std::string_view name, std::string_view value) {
  if (contains(name, "_SERVICE_") || contains(name, "_PORT_")) {
    return true;
  }
  const auto scheme = value.substr(0, std::min(value.find("://"), value.size()));
  return ends_with(name, "_PORT") && scheme.size() < value.size() &&
         (scheme == "tcp" || scheme == "udp" || scheme == "sctp");
}

std::vector<std::string_view> names_of(const OptionSpec& spec) {
  std::vector<std::string_view> names = {spec.name};
  names.insert(names.end(), spec.aliases.begin(), spec.aliases.end());
  return names;
}

std::optional<Found> from_flags(const OptionSpec& spec, const Sources& sources) {
  const std::vector<std::string> flags = flags_of(spec);
  for (auto it = sources.flags.rbegin(); it != sources.flags.rend(); ++it) {
    if (std::find(flags.begin(), flags.end(), it->flag) != flags.end()) {
      return Found{it->value, Origin::kFlag, it->flag};
    }
  }
  return std::nullopt;
}

std::optional<Found> from_environment(const OptionSpec& spec, const Sources& sources) {
  for (const std::string_view name : names_of(spec)) {
    const auto it = sources.environment.find(std::string(name));
    if (it != sources.environment.end() && !it->second.empty() &&
        !is_service_link(name, it->second)) {
      return Found{it->second, Origin::kEnvironment, it->first};
    }
  }
  return std::nullopt;
}

std::optional<Found> from_file(const OptionSpec& spec, const Sources& sources) {
  for (const std::string_view name : names_of(spec)) {
    for (auto it = sources.file.rbegin(); it != sources.file.rend(); ++it) {
      if (it->key == name && !it->value.empty()) {
        return Found{it->value, Origin::kFile, fmt::format("{}:{}", sources.file_name, it->line)};
      }
    }
  }
  return std::nullopt;
}

Result<OptionValue> value_of(const OptionSpec& spec, const Sources& sources) {
  std::optional<Found> found = from_flags(spec, sources);
  if (!found) {
    found = from_environment(spec, sources);
  }
  if (!found) {
    found = from_file(spec, sources);
  }
  if (!found) {
    return OptionValue{&spec, std::string(spec.default_text), Origin::kDefault, ""};
  }
  const std::string shown_as = found->origin == Origin::kFile
                                   ? fmt::format("{} {}", found->set_by, spec.name)
                                   : found->set_by;
  RR_ASSIGN_OR_RETURN(std::string text, canonical_value(spec, found->text, shown_as));
  return OptionValue{&spec, std::move(text), found->origin, found->set_by};
}

bool has_known_prefix(std::string_view name) {
  constexpr std::array<std::string_view, 3> kPrefixes = {"RERANKER_", "REDIS_", "MICRO_BATCH_"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view prefix) {
    return name.substr(0, prefix.size()) == prefix;
  });
}

std::vector<std::string> unknown_names(const Sources& sources) {
  std::vector<std::string> warnings;
  for (const auto& [name, value] : sources.environment) {
    if (has_known_prefix(name) && find_option(name) == nullptr && !is_service_link(name, value)) {
      warnings.push_back(fmt::format(
          "{} is no option of this program and is ignored; see `rerankd config`", name));
    }
  }
  for (const EnvFileLine& line : sources.file) {
    if (find_option(line.key) == nullptr) {
      warnings.push_back(fmt::format("{}:{}: {} is no option of this program and is ignored",
                                     sources.file_name,
                                     line.line,
                                     line.key));
    }
  }
  return warnings;
}

}  // namespace

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kFile:
      return "file";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kFlag:
      return "flag";
  }
  return "";
}

Result<Configuration> Configuration::gather(const Sources& sources) {
  Configuration out;
  for (const OptionSpec& spec : option_table()) {
    RR_ASSIGN_OR_RETURN(OptionValue value, value_of(spec, sources));
    out.values_.push_back(std::move(value));
  }
  out.warnings_ = unknown_names(sources);
  out.environment_ = sources.environment;
  return out;
}

const OptionValue& Configuration::value(std::string_view name) const {
  const auto it = std::find_if(values_.begin(), values_.end(), [&](const OptionValue& value) {
    return value.spec->name == name;
  });
  RR_CHECK(it != values_.end());
  return *it;
}

}  // namespace rr::config
