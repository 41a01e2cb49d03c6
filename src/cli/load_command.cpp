// rerankd load: the load generator behind performance_test.sh.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/load_run.h"
#include "cli/progress.h"

namespace rr::cli {

namespace {

struct LoadFlags {
  std::vector<std::string> urls = {"http://localhost:8000"};
  std::uint64_t requests = 200;
  std::vector<int> clients = {8};
  double rate = 0;
  std::string documents = "4";
  std::string tokens = "15-40";
  double duplicates = 0;
  std::uint64_t distinct = 0;
  std::string fields;
  std::uint64_t seed = 1;
  double timeout = 130;
  bool show_metrics = false;
  bool json = false;
};

void add_flags(CLI::App& app, LoadFlags& flags) {
  app.add_option("--url", flags.urls, "server, http://HOST:PORT[/PATH]; several are used in turn")
      ->capture_default_str();
  app.add_option("-n,--requests", flags.requests, "requests of one run")
      ->check(CLI::Range(1, 100'000'000))
      ->take_last()
      ->capture_default_str();
  app.add_option("-c,--clients", flags.clients, "concurrent clients; 1,4,16 = one run each")
      ->delimiter(',')
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--rate", flags.rate, "requests a second, Poisson (open loop); 0 = closed loop")
      ->check(CLI::Range(0.0, 1e6))
      ->take_last()
      ->capture_default_str();
  app.add_option("--documents", flags.documents, "documents of a request: N or LEAST-MOST")
      ->take_last()
      ->capture_default_str();
  app.add_option("--tokens", flags.tokens, "tokens of a document, about: N or LEAST-MOST")
      ->take_last()
      ->capture_default_str();
  app.add_option("--duplicates", flags.duplicates, "share of requests that repeat an earlier one")
      ->check(CLI::Range(0.0, 0.999))
      ->take_last()
      ->capture_default_str();
  app.add_option("--distinct", flags.distinct, "send so many different requests in turn; 0 = all")
      ->take_last()
      ->capture_default_str();
  app.add_option("--fields", flags.fields, "JSON object: more fields of every request")
      ->take_last();
  app.add_option("--seed", flags.seed, "another seed sends other texts")
      ->take_last()
      ->capture_default_str();
  app.add_option("--timeout", flags.timeout, "seconds that one request may take")
      ->check(CLI::Range(0.001, 86400.0))
      ->take_last()
      ->capture_default_str();
  app.add_flag("--show-metrics", flags.show_metrics, "send nothing; print the server's metrics");
  app.add_flag("--json", flags.json, "one JSON document a run");
}

Result<LoadRunOptions> options_of(const LoadFlags& flags, const Invocation& invocation) {
  LoadRunOptions options;
  for (const std::string& url : flags.urls) {
    RR_ASSIGN_OR_RETURN(LoadTarget target, parse_target(url));
    options.targets.push_back(std::move(target));
  }
  RR_ASSIGN_OR_RETURN(options.shape.tokens, parse_count_range("--tokens", flags.tokens));
  RR_ASSIGN_OR_RETURN(options.shape.documents, parse_count_range("--documents", flags.documents));
  if (!flags.fields.empty()) {
    RR_ASSIGN_OR_RETURN(options.shape.extra_fields, parse_extra_fields(flags.fields));
  }
  options.shape.distinct = flags.distinct;
  options.shape.duplicates = flags.duplicates;
  options.shape.seed = flags.seed;
  options.requests = flags.requests;
  options.rate = flags.rate;
  options.timeout = from_seconds(flags.timeout);
  if (!invocation.settings.server.api_keys.empty()) {
    options.api_key = invocation.settings.server.api_keys.front();
  }
  return options;
}

int show_metrics(const LoadTarget& target, const LoadFlags& flags) {
  const auto text = fetch_text(target, "/metrics", flags.json ? "application/json" : "text/plain");
  if (!text.ok()) {
    return fail(text.status().message(), kFailed);
  }
  std::cout << *text << (text->ends_with('\n') ? "" : "\n") << std::flush;
  return kDone;
}

int run_all(const LoadFlags& flags, LoadRunOptions options) {
  const SystemClock clock;
  std::uint64_t answered = 0;
  for (const int clients : flags.clients) {
    options.clients = clients;
    Progress progress("requests", options.requests, clock);
    const auto report = run_load(options, clock, [&progress] { progress.add(1); });
    if (!report.ok()) {
      return fail(report.status().message(), kFailed);
    }
    answered += report->answered();
    options.first_request += options.requests;
    std::cout << (flags.json ? report->json() : report->text()) << std::flush;
  }
  return answered > 0 ? kDone : fail("no request was answered with 200", kFailed);
}

}  // namespace

Command load_command() {
  auto flags = std::make_shared<LoadFlags>();
  Command command;
  command.name = "load";
  command.summary = "the load generator behind performance_test.sh";
  command.examples =
      "  rerankd load --url http://localhost:8000 -n 1000 -c 16\n"
      "  rerankd load -n 5000 --rate 120 --clients 256      open loop, latency under load\n"
      "  rerankd load --duplicates 0.4 --url http://a:8000 --url http://b:8000 --json\n"
      "  rerankd load --distinct 1 --documents 20 --fields '{\"return_documents\":false}'   cache "
      "hits\n"
      "An API key is taken from RERANKER_API_KEY.";
  command.add_options = [flags](CLI::App& app) { add_flags(app, *flags); };
  command.run = [flags](const Invocation& invocation) {
    auto options = options_of(*flags, invocation);
    if (!options.ok()) {
      return fail(options.status().message(), kWrongUsage);
    }
    return flags->show_metrics ? show_metrics(options->targets.front(), *flags)
                               : run_all(*flags, std::move(*options));
  };
  return command;
}

}  // namespace rr::cli
