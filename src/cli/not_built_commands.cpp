// Commands that are named in the help and whose work is not part of this build: they exit 1 and say
// so, whatever their arguments.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace rr::cli {

namespace {

Command absent_command(std::string name, std::string summary) {
  Command command;
  command.summary = std::move(summary) + " (not part of this build)";
  command.add_options = [](CLI::App& app) { app.allow_extras(); };
  command.run = [name](const Invocation&) {
    return fail(fmt::format("rerankd {} is not part of this build", name), kFailed);
  };
  command.name = std::move(name);
  return command;
}

}  // namespace

Command quantize_command() {
  return absent_command("quantize", "write an int8 or bf16 checkpoint");
}

Command pull_command() {
  return absent_command("pull", "download a checkpoint of the Hugging Face Hub");
}

}  // namespace rr::cli
