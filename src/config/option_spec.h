// One row of the option table: everything the program knows about an option, so that parsing,
// checking, `rerankd config` and docs/ENV_VARS_QUICK_REF.md can never disagree. Static data;
// thread-safe. The table itself is option_table.cpp.
// Tested by report_test.cpp and configuration_test.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rr::config {

enum class Kind {
  kText,
  kSecret,  // as kText, never shown
  kUrl,     // `choices` = the schemes allowed; a password in it is never shown
  kPath,
  kChoice,   // one of `choices`, in any case
  kBoolean,  // true, false, 1, 0, yes, no, on, off
  kInteger,  // within [least, most]
  kNumber,   // finite, within [least, most]; fractions allowed
  kDevice,   // auto, cpu, cuda, cuda:N
};

// Options of one feature stand together and share one runnable example.
enum class Feature {
  kModel,
  kNumbers,
  kServer,
  kQueue,
  kCache,
  kMicroBatch,
  kRedis,
  kLog,
};

struct OptionSpec {
  std::string_view name;                           // environment variable; wins over its aliases
  std::vector<std::string_view> aliases = {};      // further environment variables, best first
  std::vector<std::string_view> extra_flags = {};  // flags that no variable's name gives
  std::string_view default_text = "";
  Kind kind = Kind::kText;
  double least = 0;
  double most = 0;
  std::vector<std::string_view> choices = {};
  std::string_view unit = "";  // "s", "ms", "bytes", "tokens" …
  std::string_view meaning = "";
  Feature feature = Feature::kModel;
};

struct FeatureSpec {
  Feature feature;
  std::string_view title;
  std::string_view example;  // shell, runs as it is from the root of the project
};

std::span<const OptionSpec> option_table();
std::span<const FeatureSpec> feature_table();

// The row whose name or alias is `variable`; nullptr when there is none.
const OptionSpec* find_option(std::string_view variable);

// `--max-length` for RERANKER_MAX_LENGTH: one flag per name and alias, then the extra ones; the
// first is the one shown.
std::vector<std::string> flags_of(const OptionSpec& spec);

// What a value may be, as the one-line errors say it: "a number from 0 to 60000".
std::string allowed_text(const OptionSpec& spec);

}  // namespace rr::config
