// A command of the program: its name, its help, its own options, and what it does. One file per
// command; main.cpp lists them. Every command also takes the options of the option table that
// `features` names. Exit codes: 0 done, 1 failed, 2 wrong usage. Data goes to stdout, everything
// else to stderr.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "config/settings.h"

namespace CLI {
class App;
}  // namespace CLI

namespace rr::cli {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// What a command gets once flags, environment and file have been read.
struct Invocation {
  config::Configuration configuration;
  config::Settings settings;
};

enum class OptionScope { kEngine, kAll };  // model, numbers and log options; or the whole table

struct Command {
  std::string name;
  std::string summary;
  std::string examples;  // shown at the end of --help
  OptionScope scope = OptionScope::kEngine;
  std::function<void(CLI::App& app)> add_options;  // may be empty
  std::function<int(const Invocation& invocation)> run;
};

Command serve_command();
Command rank_command();
Command score_command();
Command tokenize_command();
Command eval_command();
Command bench_command();
Command load_command();
Command check_command();
Command config_command();
Command version_command();
Command compare_command();
Command quantize_command();
Command pull_command();

// One line on stderr, "rerankd: message"; returns `exit_code`.
int fail(const std::string& message, int exit_code);

// The path of the running program; empty when the system does not say.
std::filesystem::path executable_path();

}  // namespace rr::cli
