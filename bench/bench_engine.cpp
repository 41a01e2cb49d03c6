// Engine throughput of one or more variants, alternating rounds being the caller's business:
//   bench_engine [--shape minilm-l6] [--tokens 128] [--pairs 128] [--isa avx512] [--dtype bf16]
//                [--threads 1] [--rounds 9] [--mixed] [--cpu-time]
// One JSON line per run; the numbers are those of `rerankd bench engine --json`.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/benchmark.h"

int main(int argc, char** argv) {
  CLI::App app("Engine throughput beside the raw peak of its arithmetic");
  std::string shape = "minilm-l6";
  bool mixed = false;
  bool cpu_time = false;
  rr::engine::BenchOptions options;
  app.add_option("--shape", shape);
  app.add_option("--tokens", options.tokens);
  app.add_option("--pairs", options.pairs);
  app.add_option("--rounds", options.rounds);
  app.add_option("--isa", options.executor.isa);
  app.add_option("--dtype", options.executor.quantization);
  app.add_option("--threads", options.executor.threads);
  app.add_flag("--mixed", mixed);
  app.add_flag("--cpu-time", cpu_time, "count processor time: for a machine that is shared");
  CLI11_PARSE(app, argc, argv);
  options.time = cpu_time ? rr::engine::BenchTime::kCpu : rr::engine::BenchTime::kWall;
  options.executor.mixed_precision =
      mixed ? rr::engine::MixedPrecision::kOn : rr::engine::MixedPrecision::kOff;
  const auto spec = rr::engine::bench_shape(shape);
  const rr::SystemClock clock;
  const auto result = spec.ok() ? rr::engine::run_engine_bench(*spec, options, clock)
                                : rr::Result<rr::engine::BenchResult>(spec.status());
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().message().c_str());
    return 1;
  }
  std::printf("%s\n", result->json().c_str());
  return 0;
}
