#include <csignal>

#include "cli/arguments.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves early ends the output, not the program
  return rr::cli::run_program(
      rr::cli::join_boolean_values(std::vector<std::string>(argv + 1, argv + argc)));
}
