// Measures an executor: full-length random pairs through all workers, each on its own thread, in
// rounds; a raw probe of the dtype's own arithmetic on the same number of threads runs directly
// before and after every round, and a round whose two probes differ by over 10 % is repeated. Used
// by `rerankd bench engine` and bench/bench_engine.cpp. FLOPs are counted unpruned, as
// L·(2·T·(4H² + 2HI) + 4·T·S·H). Tested by benchmark_test.cpp (counts, not times).
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "engine/cpu_executor.h"
#include "engine/executor.h"
#include "model/model_spec.h"

namespace rr::engine {

// kCpu counts the processor time that the threads got, for machines whose processors are shared: a
// thread that waits for its turn then costs nothing. On an idle machine both agree.
enum class BenchTime { kWall, kCpu };

struct BenchOptions {
  CpuExecutorOptions executor;
  int tokens = 128;  // of each pair
  int pairs = 128;   // a round
  int rounds = 9;
  double seconds_max = 60;  // no new round starts after this
  BenchTime time = BenchTime::kWall;
};

// Medians over the rounds, with the least and the most share.
struct BenchResult {
  double pairs_per_s = 0;
  double tokens_per_s = 0;
  double gflops = 0;
  double peak_gflops = 0;
  double share_of_peak = 0;
  double share_of_peak_min = 0;
  double share_of_peak_max = 0;
  double share_of_bf16_peak = 0;  // int8 only: against the bf16 arithmetic of the same machine
  int rounds = 0;
  std::string isa;
  std::string dtype;  // "none", "bf16", "int8"
  std::string numerics;
  int threads = 0;
  std::size_t rss_bytes = 0;

  std::string json() const;  // one line
};

// "minilm-l6", "bert-base", "bert-large": spec of that shape with a vocabulary of 30,522.
// kInvalidArgument for another name.
Result<model::ModelSpec> bench_shape(std::string_view name);

// A model with random weights of `spec`. Allocates and starts threads; takes up to seconds_max.
Result<BenchResult> run_engine_bench(const model::ModelSpec& spec,
                                     const BenchOptions& options,
                                     const Clock& clock);
// The same for a model that is loaded.
Result<BenchResult> run_engine_bench(const model::ModelSpec& spec,
                                     const model::ModelWeights& weights,
                                     const BenchOptions& options,
                                     const Clock& clock);

// Unpruned floating-point operations of `pairs` pairs of `tokens` tokens.
double unpruned_flops(const model::ModelSpec& spec, int tokens, int pairs);

// Raw multiply-accumulate rate of a kernel's arithmetic, GFLOP/s over `threads` threads.
double probe_peak_gflops(const kernels::LinearKernel& kernel,
                         int threads,
                         BenchTime time,
                         const Clock& clock);

}  // namespace rr::engine
