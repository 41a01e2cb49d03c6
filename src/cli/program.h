// The program behind main(): reads the command line, gathers the options, hands over to one
// command. Once per process. Tested by tests/cli_test.sh, which runs the commands as a user does.
#pragma once

#include <string>
#include <vector>

namespace rr::cli {

// `arguments` without the program's name; the exit status.
int run_program(std::vector<std::string> arguments);

}  // namespace rr::cli
