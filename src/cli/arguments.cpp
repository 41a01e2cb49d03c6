#include "cli/arguments.h"

#include <set>

#include "config/option_spec.h"
#include "config/option_value.h"

namespace rr::cli {

namespace {

std::set<std::string> boolean_flags() {
  std::set<std::string> flags;
  for (const config::OptionSpec& spec : config::option_table()) {
    if (spec.kind == config::Kind::kBoolean) {
      for (std::string& flag : config::flags_of(spec)) {
        flags.insert(std::move(flag));
      }
    }
  }
  return flags;
}

bool is_boolean_word(const std::string& text) {
  const config::OptionSpec any_boolean = {.name = "", .kind = config::Kind::kBoolean};
  return config::canonical_value(any_boolean, text, "").ok();
}

}  // namespace

std::vector<std::string> join_boolean_values(const std::vector<std::string>& arguments) {
  const std::set<std::string> flags = boolean_flags();
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--") {
      joined.insert(
          joined.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    const bool takes_next = flags.contains(arguments[i]) && i + 1 < arguments.size() &&
                            is_boolean_word(arguments[i + 1]);
    if (takes_next) {
      joined.push_back(arguments[i] + "=" + arguments[i + 1]);
      ++i;
    } else {
      joined.push_back(arguments[i]);
    }
  }
  return joined;
}

}  // namespace rr::cli
