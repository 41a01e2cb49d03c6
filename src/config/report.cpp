#include "config/report.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "config/option_value.h"

namespace rr::config {

namespace {

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", text);
}

std::string markdown_row(const OptionSpec& spec) {
  std::string names = code(spec.name);
  for (const std::string_view alias : spec.aliases) {
    names += " (" + code(alias) + ")";
  }
  std::string flags;
  for (const std::string& flag : flags_of(spec)) {
    flags += (flags.empty() ? "" : " ") + code(flag);
  }
  return fmt::format("| {} | {} | {} | {} | {} |\n",
                     names,
                     flags,
                     code(spec.default_text),
                     allowed_text(spec),
                     spec.meaning);
}

constexpr std::string_view kMarkdownHead =
    "# Options\n"
    "\n"
    "Made by `rerankd config --markdown`; a test compares the two, so do not edit it by hand.\n"
    "\n"
    "Flag > environment variable > `--config FILE` (one `KEY=VALUE` a line) > default. The first\n"
    "name of a row wins over its aliases. Boolean flags stand alone or take a value (`--flag`,\n"
    "`--flag=false`, `--flag false`). A value that cannot be used stops the start with exit 2.\n"
    "`rerankd config` prints every value in force and where it came from. Every example starts a\n"
    "server; the flags go after `--` (`./start_reranker.sh -- --port 8001`).\n";

}  // namespace

std::string report_text(const Configuration& configuration) {
  std::string out;
  for (const OptionValue& value : configuration.values()) {
    const std::string origin = value.set_by.empty()
                                   ? std::string(origin_name(value.origin))
                                   : fmt::format("{} {}", origin_name(value.origin), value.set_by);
    out += fmt::format("{}={}\n    from {}: {}\n",
                       value.spec->name,
                       shown_value(*value.spec, value.text),
                       origin,
                       value.spec->meaning);
  }
  return out;
}

std::string report_json(const Configuration& configuration) {
  JsonText json;
  json.open_object().key("options").open_array();
  for (const OptionValue& value : configuration.values()) {
    const OptionSpec& spec = *value.spec;
    json.open_object().key("name").string(spec.name).key("aliases").open_array();
    for (const std::string_view alias : spec.aliases) {
      json.string(alias);
    }
    json.close_array().key("flags").open_array();
    for (const std::string& flag : flags_of(spec)) {
      json.string(flag);
    }
    json.close_array();
    json.key("value").string(shown_value(spec, value.text));
    json.key("origin").string(origin_name(value.origin));
    json.key("set_by").string(value.set_by);
    json.key("default").string(spec.default_text);
    json.key("allowed").string(allowed_text(spec));
    json.key("meaning").string(spec.meaning);
    json.close_object();
  }
  json.close_array().key("warnings").open_array();
  for (const std::string& warning : configuration.warnings()) {
    json.string(warning);
  }
  json.close_array().close_object();
  return std::move(json).text() + "\n";
}

std::string report_markdown() {
  std::string out(kMarkdownHead);
  for (const FeatureSpec& feature : feature_table()) {
    out += fmt::format("\n## {}\n\n```sh\n{}\n```\n\n", feature.title, feature.example);
    out += "| variable (aliases) | flags | default | allowed | meaning |\n|---|---|---|---|---|\n";
    for (const OptionSpec& spec : option_table()) {
      if (spec.feature == feature.feature) {
        out += markdown_row(spec);
      }
    }
  }
  return out;
}

}  // namespace rr::config
