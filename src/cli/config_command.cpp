// rerankd config: every option, its value, where it came from and what it means.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "config/report.h"

namespace rr::cli {

Command config_command() {
  struct Flags {
    bool json = false;
    bool markdown = false;
  };
  auto flags = std::make_shared<Flags>();
  Command command;
  command.name = "config";
  command.summary = "every option: value, where it came from, meaning";
  command.examples =
      "  rerankd config\n"
      "  RERANKER_PORT=9000 rerankd config --json\n"
      "  rerankd config --markdown > docs/ENV_VARS_QUICK_REF.md";
  command.scope = OptionScope::kAll;
  command.add_options = [flags](CLI::App& app) {
    CLI::Option* json = app.add_flag("--json", flags->json, "one JSON document");
    app.add_flag("--markdown", flags->markdown, "the option table alone, as Markdown")
        ->excludes(json);
  };
  command.run = [flags](const Invocation& invocation) {
    std::cout << (flags->markdown ? config::report_markdown()
                  : flags->json   ? config::report_json(invocation.configuration)
                                  : config::report_text(invocation.configuration));
    return std::cout.flush() ? kDone : kFailed;
  };
  return command;
}

}  // namespace rr::cli
