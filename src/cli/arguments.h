// The command line before CLI11 sees it. Pure. Tested by arguments_test.cpp.
#pragma once

#include <string>
#include <vector>

namespace rr::cli {

// Boolean flags of the option table may stand alone, or be followed by a value after '=' or a
// blank: `--redis-enabled false` becomes `--redis-enabled=false`. Arguments after `--` are left as
// they are.
std::vector<std::string> join_boolean_values(const std::vector<std::string>& arguments);

}  // namespace rr::cli
