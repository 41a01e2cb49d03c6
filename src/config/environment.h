// The process environment, read here and nowhere else; the rest of the program gets values handed
// down. Reads memory that no thread of the program writes: call once, at start.
// Tested by tests/cli_test.sh.
#pragma once

#include <map>
#include <string>

namespace rr::config {

using Environment = std::map<std::string, std::string>;

Environment process_environment();

}  // namespace rr::config
