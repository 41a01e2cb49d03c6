// rerankd bench: engine, kernels, tokenizer.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/bench_kernels.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/load_plan.h"
#include "engine/benchmark.h"

namespace rr::cli {

namespace {

struct BenchFlags {
  std::string shape;
  int tokens = 128;
  int pairs = 128;
  bool json = false;
  std::function<int(const Invocation& invocation)> run;  // of the subcommand that was chosen
};

int refuse(const Status& status) {
  return fail(status.message(), status.code() == Code::kInvalidArgument ? kWrongUsage : kFailed);
}

engine::BenchOptions options_of(const BenchFlags& flags, const Invocation& invocation) {
  const config::NumericsSettings& numerics = invocation.settings.numerics;
  engine::BenchOptions options;
  options.executor.threads = engine_threads(numerics);
  options.executor.isa = numerics.isa;
  options.executor.quantization = numerics.quantization;
  options.executor.mixed_precision = mixed_precision(numerics);
  options.tokens = flags.tokens;
  options.pairs = flags.pairs;
  return options;
}

Result<model::LoadedModel> load(const Invocation& invocation) {
  RR_ASSIGN_OR_RETURN(const ModelPlace place, find_model(invocation.settings.model));
  return model::load_model(place.dir, load_options(invocation.settings));
}

Result<engine::BenchResult> engine_figures(const BenchFlags& flags, const Invocation& invocation) {
  const SystemClock clock;
  const engine::BenchOptions options = options_of(flags, invocation);
  if (flags.shape.empty()) {
    RR_ASSIGN_OR_RETURN(const auto loaded, load(invocation));
    return engine::run_engine_bench(loaded.spec, loaded.weights, options, clock);
  }
  RR_ASSIGN_OR_RETURN(const auto spec, engine::bench_shape(flags.shape));
  return engine::run_engine_bench(spec, options, clock);
}

int run_engine(const BenchFlags& flags, const Invocation& invocation) {
  const auto result = engine_figures(flags, invocation);
  if (!result.ok()) {
    return refuse(result.status());
  }
  if (flags.json) {
    std::cout << result->json() << '\n';
  } else {
    std::cout << fmt::format(
        "{} {} ({}), {} threads, {} tokens a pair, {} rounds\n"
        "  {:.1f} pairs/s  {:.0f} tokens/s\n"
        "  {:.1f} GFLOP/s of {:.1f} peak = {:.1f} % ({:.1f} to {:.1f} %)\n"
        "  {:.0f} MB resident\n",
        result->isa,
        result->dtype,
        result->numerics,
        result->threads,
        flags.tokens,
        result->rounds,
        result->pairs_per_s,
        result->tokens_per_s,
        result->gflops,
        result->peak_gflops,
        100 * result->share_of_peak,
        100 * result->share_of_peak_min,
        100 * result->share_of_peak_max,
        static_cast<double>(result->rss_bytes) * 1e-6);
  }
  return std::cout.flush() ? kDone : kFailed;
}

Result<std::vector<KernelFigures>> kernel_figures(const BenchFlags& flags,
                                                  const Invocation& invocation) {
  const SystemClock clock;
  const config::NumericsSettings& numerics = invocation.settings.numerics;
  RR_ASSIGN_OR_RETURN(const kernels::Isa isa, kernels::isa_from_name(numerics.isa));
  RR_ASSIGN_OR_RETURN(const auto quantization,
                      engine::quantization_from_name(numerics.quantization));
  const engine::Arithmetic arithmetic =
      engine::choose_arithmetic(isa, quantization, mixed_precision(numerics));
  const int threads = engine_threads(numerics);
  if (flags.shape.empty()) {
    RR_ASSIGN_OR_RETURN(const auto loaded, load(invocation));
    return bench_kernels(*arithmetic.linear, loaded.spec, threads, clock);
  }
  RR_ASSIGN_OR_RETURN(const auto spec, engine::bench_shape(flags.shape));
  return bench_kernels(*arithmetic.linear, spec, threads, clock);
}

int run_kernels(const BenchFlags& flags, const Invocation& invocation) {
  const auto figures = kernel_figures(flags, invocation);
  if (!figures.ok()) {
    return refuse(figures.status());
  }
  for (const KernelFigures& kernel : *figures) {
    const double share = kernel.gflops / kernel.peak_gflops;
    if (flags.json) {
      JsonText json;
      json.open_object().key("kernel").string(kernel.name).key("gflops").number(kernel.gflops);
      json.key("peak_gflops").number(kernel.peak_gflops);
      json.key("share_of_peak").number(share).close_object();
      std::cout << json.text() << '\n';
    } else {
      std::cout << fmt::format("{:<20} {:8.1f} GFLOP/s of {:8.1f} peak = {:5.1f} %\n",
                               kernel.name,
                               kernel.gflops,
                               kernel.peak_gflops,
                               100 * share);
    }
  }
  return std::cout.flush() ? kDone : kFailed;
}

int run_tokenizer(const BenchFlags& flags, const Invocation& invocation) {
  const auto loaded = load(invocation);
  if (!loaded.ok()) {
    return fail(loaded.status().message(), kFailed);
  }
  const SystemClock clock;
  LoadShape shape;
  shape.documents = {1, 1};
  shape.tokens = {flags.tokens, flags.tokens};
  const text::PairOptions options{.max_length = loaded->max_length};
  std::uint64_t tokens = 0;
  std::uint64_t bytes = 0;
  Duration time{};
  text::EncodedPair encoded;
  constexpr Duration kMeasureTime = std::chrono::seconds(1);
  for (std::uint64_t i = 0; time < kMeasureTime; ++i) {
    const std::string document = load_body(shape, i);
    const TimePoint start = clock.now();
    const auto query = loaded->tokenizer->encode_query("a query of a few words", options);
    loaded->tokenizer->encode_pair(query, document, options, encoded);
    time += clock.now() - start;
    tokens += encoded.input_ids.size();
    bytes += document.size();
  }
  const double seconds = to_seconds(time);
  const double tokens_per_s = static_cast<double>(tokens) / seconds;
  const double bytes_per_s = static_cast<double>(bytes) / seconds;
  if (flags.json) {
    JsonText json;
    json.open_object().key("tokens_per_s").number(tokens_per_s);
    json.key("bytes_per_s").number(bytes_per_s).close_object();
    std::cout << json.text() << '\n';
  } else {
    std::cout << fmt::format(
        "{:.0f} tokens/s  {:.1f} MB/s on one thread\n", tokens_per_s, bytes_per_s * 1e-6);
  }
  return std::cout.flush() ? kDone : kFailed;
}

using BenchRun = int (*)(const BenchFlags& flags, const Invocation& invocation);

void add_subject(CLI::App& app,
                 const std::shared_ptr<BenchFlags>& flags,
                 const char* name,
                 const char* summary,
                 BenchRun run) {
  CLI::App* subject = app.add_subcommand(name, summary);
  subject->fallthrough();
  subject->callback([flags, run] {
    flags->run = [flags, run](const Invocation& invocation) { return run(*flags, invocation); };
  });
}

}  // namespace

Command bench_command() {
  auto flags = std::make_shared<BenchFlags>();
  Command command;
  command.name = "bench";
  command.summary = "speed of engine, kernels or tokenizer beside what the hardware can do";
  command.examples =
      "  rerankd bench engine --shape minilm-l6 --tokens 128 --threads 1\n"
      "  rerankd bench engine --model ./my-model --json | jq .share_of_peak\n"
      "  rerankd bench kernels --shape bert-base --isa avx2\n"
      "  rerankd bench tokenizer";
  command.add_options = [flags](CLI::App& app) {
    app.require_subcommand(1);
    add_subject(app, flags, "engine", "whole pairs through the model", run_engine);
    add_subject(app, flags, "kernels", "the matrix products of one block", run_kernels);
    add_subject(app, flags, "tokenizer", "text to tokens", run_tokenizer);
    app.add_option("--shape",
                   flags->shape,
                   "random weights: minilm-l6, bert-base, bert-large; absent = the model");
    app.add_option("--tokens", flags->tokens, "tokens of a pair")
        ->check(CLI::Range(4, 8192))
        ->capture_default_str();
    app.add_option("--pairs", flags->pairs, "pairs of one measurement")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_flag("--json", flags->json, "JSON");
  };
  command.run = [flags](const Invocation& invocation) { return flags->run(invocation); };
  return command;
}

}  // namespace rr::cli
