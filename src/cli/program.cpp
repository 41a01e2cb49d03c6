#include "cli/program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

#include "base/log.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/environment.h"

namespace rr::cli {

namespace {

struct CommonFlags {
  std::vector<config::FlagValue> table;  // options of the option table
  std::string config_file;
};

// The features whose options every command takes; the others are the server's.
bool is_engine_feature(config::Feature feature) {
  return feature == config::Feature::kModel || feature == config::Feature::kNumbers ||
         feature == config::Feature::kLog;
}

std::string_view title_of(config::Feature feature) {
  for (const config::FeatureSpec& spec : config::feature_table()) {
    if (spec.feature == feature) {
      return spec.title;
    }
  }
  return "";
}

void add_table_option(CLI::App& app, const config::OptionSpec& spec, CommonFlags& flags) {
  const std::vector<std::string> names = config::flags_of(spec);
  const std::string joined = fmt::format("{}", fmt::join(names, ","));
  const auto keep = [&flags, name = names.front()](const std::string& value) {
    flags.table.push_back({name, value});
  };
  std::string help(spec.meaning);
  if (!spec.default_text.empty()) {
    help += fmt::format(" [{}]", spec.default_text);
  }
  CLI::Option* option =
      spec.kind == config::Kind::kBoolean
          ? app.add_flag(joined)->each(keep)
          : app.add_option_function<std::string>(joined, keep)->type_name("VALUE");
  option->description(help)->group(std::string(title_of(spec.feature)))->take_last();
}

void add_command(CLI::App& app, const Command& command, CommonFlags& flags) {
  CLI::App* sub = app.add_subcommand(command.name, command.summary);
  sub->footer(command.examples.empty() ? "" : "Examples:\n" + command.examples);
  if (command.add_options) {
    command.add_options(*sub);
  }
  sub->add_option("--config",
                  flags.config_file,
                  "file of KEY=VALUE lines, below flags and "
                  "environment")
      ->type_name("FILE");
  for (const config::OptionSpec& spec : config::option_table()) {
    if (command.scope == OptionScope::kAll || is_engine_feature(spec.feature)) {
      add_table_option(*sub, spec, flags);
    }
  }
}

Result<Invocation> invocation_of(const CommonFlags& flags) {
  config::Sources sources;
  sources.flags = flags.table;
  sources.environment = config::process_environment();
  if (!flags.config_file.empty()) {
    sources.file_name = flags.config_file;
    RR_ASSIGN_OR_RETURN(sources.file, config::read_env_file(flags.config_file));
  }
  RR_ASSIGN_OR_RETURN(auto configuration, config::Configuration::gather(sources));
  RR_ASSIGN_OR_RETURN(auto settings, config::make_settings(configuration));
  return Invocation{std::move(configuration), std::move(settings)};
}

int run_command(const Command& command, const CommonFlags& flags) {
  auto invocation = invocation_of(flags);
  if (!invocation.ok()) {
    return fail(invocation.status().message(), kWrongUsage);
  }
  log::set_up(invocation->settings.log.level, invocation->settings.log.format);
  for (const std::string& warning : invocation->configuration.warnings()) {
    log::warn(warning);
  }
  return command.run(*invocation);
}

std::vector<Command> all_commands() {
  return {serve_command(),
          rank_command(),
          score_command(),
          tokenize_command(),
          eval_command(),
          compare_command(),
          quantize_command(),
          bench_command(),
          load_command(),
          check_command(),
          config_command(),
          version_command(),
          pull_command()};
}

}  // namespace

int run_program(std::vector<std::string> arguments) {
  CLI::App app("rerankd orders documents by relevance to a query, with a cross-encoder.");
  app.name("rerankd");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  rerankd serve --port 8000\n"
      "  printf 'a cat\\na dog\\n' | rerankd rank --query 'which one barks?'\n"
      "  rerankd config            every option, its value and where it came from\n"
      "`rerankd COMMAND --help` shows the options and examples of a command.");
  bool version = false;
  app.add_flag("--version", version, "same as the command `version`");
  CommonFlags flags;
  const std::vector<Command> commands = all_commands();
  for (const Command& command : commands) {
    add_command(app, command, flags);
  }
  if (arguments.size() == 1 && arguments[0] == "--version") {
    arguments[0] = "version";
  }
  if (arguments.empty()) {
    std::cerr << app.help();
    return kWrongUsage;
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11's vector overload wants them
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return fail(fmt::format("{}; see --help", error.what()), kWrongUsage);
  }
  for (const Command& command : commands) {
    if (app.got_subcommand(command.name)) {
      return run_command(command, flags);
    }
  }
  return kWrongUsage;
}

int fail(const std::string& message, int exit_code) {
  std::cerr << "rerankd: " << message << '\n';
  return exit_code;
}

std::filesystem::path executable_path() {
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length <= 0
             ? std::filesystem::path()
             : std::filesystem::path(std::string(path.data(), static_cast<std::size_t>(length)));
}

}  // namespace rr::cli
