// A value's text against its row of the option table: is it usable, and how is it shown. Pure;
// thread-safe. Tested by option_value_test.cpp and fuzz/config_fuzz.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/option_spec.h"

namespace rr::config {

// The value as the rest of the program reads it: choices and booleans in lower case ("yes" becomes
// "true"), numbers as written. kInvalidArgument with one line: name, value, what is allowed.
// `shown_as` is the name that the user typed (a flag, a variable, or file:line).
Result<std::string> canonical_value(const OptionSpec& spec,
                                    std::string_view text,
                                    std::string_view shown_as);

// As `config` and the log may show it: secrets become "***", also the password inside a URL.
std::string shown_value(const OptionSpec& spec, std::string_view text);

// Readers of canonical values (RR_CHECK on anything else).
bool as_boolean(std::string_view canonical);
std::int64_t as_integer(std::string_view canonical);
double as_number(std::string_view canonical);

}  // namespace rr::config
