// `rerankd bench`: how fast the engine, its kernels and the tokenizer are on this machine, beside
// what the hardware can do. The raw probe of the dtype's own arithmetic runs on the same threads
// directly before and after each measurement; a measurement whose two probes differ by over 10 % is
// repeated, at most three times, and says so by `probe_spread`. Blocks; wants the machine for
// itself. The arithmetic of the figures is tested by bench_test.cpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/arithmetic.h"
#include "model/model_spec.h"

namespace rr::cli {

struct BenchOptions {
  std::string shape;  // "minilm-l6", "bert-base", "bert-large"; empty = the model of `--model`
  int tokens = 128;   // of a pair
  int pairs = 128;    // of one measurement
  int threads = 1;
  std::string isa;           // empty = best
  std::string quantization;  // "none", "bf16", "int8"
  engine::MixedPrecision mixed_precision = engine::MixedPrecision::kOff;
};

// kInvalidArgument for any other name.
Result<model::ModelSpec> shape_by_name(const std::string& name);

// Floating-point operations of one pair, nothing left out (a last layer computed for one token
// counts in full): products 2·(4H²+2HI) a token and layer, attention 4·S·H a token and layer.
double pair_flops(const model::ModelSpec& spec, int tokens);

// Raw multiply-add rate of a kernel's own arithmetic over `threads` threads, GFLOP/s (GOP/s for
// int8).
double peak_gflops(const kernels::LinearKernel& kernel, int threads, const Clock& clock);

struct Measured {
  double seconds = 0;      // of one call of `work`, median
  double peak_gflops = 0;  // mean of the probes before and after
  double probe_spread = 0;  // |before − after| / mean
};

// Calls `work` until a second has passed, at least three times.
Measured measure_beside_peak(const kernels::LinearKernel& kernel,
                             int threads,
                             const Clock& clock,
                             const std::function<void()>& work);

// Runs `work(thread)` on `threads` threads and waits for all.
void run_on_threads(int threads, const std::function<void(int thread)>& work);

struct EngineFigures {
  std::string isa, dtype, numerics;
  double pairs_per_s = 0;
  double tokens_per_s = 0;
  double gflops = 0;
  double peak_gflops = 0;
  std::optional<double> bf16_peak_gflops;  // int8 only
  double probe_spread = 0;
  double rss_bytes = 0;
};

Result<EngineFigures> bench_engine(const BenchOptions& options,
                                   const model::ModelSpec& spec,
                                   const model::ModelWeights& weights,
                                   const Clock& clock);

struct KernelFigures {
  std::string name;  // "gemm N=1536 K=384"
  double gflops = 0;
  double peak_gflops = 0;
  double probe_spread = 0;
};

// The products of one block, 256 rows at a time as the engine does it.
Result<std::vector<KernelFigures>> bench_kernels(const BenchOptions& options,
                                                 const model::ModelSpec& spec,
                                                 const Clock& clock);

}  // namespace rr::cli
