#include "cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>

#include "base/aligned_memory.h"
#include "engine/cpu_executor.h"
#include "kernels/packing.h"
#include "metrics/process_stats.h"
#include "model/random_model.h"

namespace rr::cli {

namespace {

constexpr Duration kProbeTime = std::chrono::milliseconds(100);
constexpr Duration kMeasureTime = std::chrono::seconds(1);
constexpr std::size_t kMeasureCalls = 3;
constexpr int kTries = 3;
constexpr double kSpreadMax = 0.10;

struct Pairs {
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
  std::vector<int> cu_seqlens = {0};
};

// `count` different pairs of exactly `tokens` tokens.
Pairs make_pairs(int count, int tokens, int vocab_size, std::uint64_t seed) {
  Pairs pairs;
  for (int i = 0; i < count; ++i) {
    const auto pair =
        model::make_random_pair(tokens, vocab_size, seed + static_cast<std::uint64_t>(i));
    pairs.input_ids.insert(pairs.input_ids.end(), pair.input_ids.begin(), pair.input_ids.end());
    pairs.token_type_ids.insert(
        pairs.token_type_ids.end(), pair.token_type_ids.begin(), pair.token_type_ids.end());
    pairs.cu_seqlens.push_back(static_cast<int>(pairs.input_ids.size()));
  }
  return pairs;
}

// Scores all pairs of one measurement: workers take batches until none is left.
class EngineLoad {
 public:
  EngineLoad(engine::Executor& executor, const BenchOptions& options, int vocab_size)
      : executor_(executor) {
    const int fitting = std::max(1, executor.batch_tokens() / options.tokens);
    // No batch may be so large that a worker stays idle.
    const int even = (options.pairs + options.threads - 1) / options.threads;
    const int size = std::min(fitting, even);
    for (int first = 0; first < options.pairs; first += size) {
      batches_.push_back(make_pairs(std::min(size, options.pairs - first),
                                    options.tokens,
                                    vocab_size,
                                    static_cast<std::uint64_t>(first)));
    }
    logits_.resize(static_cast<std::size_t>(executor.workers()));
  }

  void run() {
    next_ = 0;
    run_on_threads(executor_.workers(), [this](int worker) { work(worker); });
  }
  Status status() const { return failed_ ? Status(Code::kInternal, "[bench] scoring failed") : Status(); }

 private:
  void work(int worker) {
    std::vector<float>& logits = logits_[static_cast<std::size_t>(worker)];
    for (std::size_t i = next_++; i < batches_.size(); i = next_++) {
      const Pairs& pairs = batches_[i];
      logits.resize(pairs.cu_seqlens.size() - 1);
      const engine::PackedBatch batch{pairs.input_ids, pairs.token_type_ids, pairs.cu_seqlens};
      if (!executor_.score(worker, batch, logits).ok()) {
        failed_ = true;
      }
    }
  }

  engine::Executor& executor_;
  std::vector<Pairs> batches_;
  std::vector<std::vector<float>> logits_;  // [workers]
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Result<engine::Arithmetic> arithmetic_of(const BenchOptions& options) {
  RR_ASSIGN_OR_RETURN(const kernels::Isa isa, kernels::isa_from_name(options.isa));
  RR_ASSIGN_OR_RETURN(const auto quantization,
                      engine::quantization_from_name(options.quantization));
  return engine::choose_arithmetic(isa, quantization, options.mixed_precision);
}

}  // namespace

Result<model::ModelSpec> shape_by_name(const std::string& name) {
  struct Shape {
    const char* name;
    int hidden, heads, intermediate, layers;
  };
  constexpr Shape kShapes[] = {{"minilm-l6", 384, 12, 1536, 6},
                               {"bert-base", 768, 12, 3072, 12},
                               {"bert-large", 1024, 16, 4096, 24}};
  for (const Shape& shape : kShapes) {
    if (name == shape.name) {
      model::ModelSpec spec;
      spec.family = "bert";
      spec.hidden_size = shape.hidden;
      spec.num_attention_heads = shape.heads;
      spec.intermediate_size = shape.intermediate;
      spec.num_hidden_layers = shape.layers;
      spec.vocab_size = 30522;
      spec.max_position_embeddings = 512;
      spec.type_vocab_size = 2;
      return spec;
    }
  }
  return Status(
      Code::kInvalidArgument,
      fmt::format("--shape: \"{}\" cannot be used; allowed: minilm-l6, bert-base, bert-large",
                  name));
}

double pair_flops(const model::ModelSpec& spec, int tokens) {
  const double h = spec.hidden_size;
  const double i = spec.intermediate_size;
  const double s = tokens;
  return spec.num_hidden_layers * s * (2 * (4 * h * h + 2 * h * i) + 4 * s * h);
}

void run_on_threads(int threads, const std::function<void(int thread)>& work) {
  std::vector<std::jthread> running;
  for (int i = 1; i < threads; ++i) {
    running.emplace_back([&work, i] { work(i); });
  }
  work(0);
}

double peak_gflops(const kernels::LinearKernel& kernel, int threads, const Clock& clock) {
  std::vector<double> gflops(static_cast<std::size_t>(threads));
  run_on_threads(threads, [&](int thread) {
    constexpr std::int64_t kRounds = 20'000;
    float sink = 0;
    std::int64_t operations = 0;
    const TimePoint start = clock.now();
    TimePoint now = start;
    while (now - start < kProbeTime) {
      operations += kernel.peak_probe(kRounds, &sink);
      now = clock.now();
    }
    gflops[static_cast<std::size_t>(thread)] =
        static_cast<double>(operations) / to_seconds(now - start) * 1e-9;
  });
  return std::accumulate(gflops.begin(), gflops.end(), 0.0);
}

Measured measure_beside_peak(const kernels::LinearKernel& kernel,
                             int threads,
                             const Clock& clock,
                             const std::function<void()>& work) {
  work();  // warm
  Measured measured;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const double before = peak_gflops(kernel, threads, clock);
    const TimePoint start = clock.now();
    std::vector<double> seconds;
    while (seconds.size() < kMeasureCalls || clock.now() - start < kMeasureTime) {
      const TimePoint call_start = clock.now();
      work();
      seconds.push_back(to_seconds(clock.now() - call_start));
    }
    measured.seconds = median(std::move(seconds));
    const double after = peak_gflops(kernel, threads, clock);
    measured.peak_gflops = (before + after) / 2;
    measured.probe_spread = std::abs(before - after) / measured.peak_gflops;
    if (measured.probe_spread <= kSpreadMax) {
      break;
    }
  }
  return measured;
}

Result<EngineFigures> bench_engine(const BenchOptions& options,
                                   const model::ModelSpec& spec,
                                   const model::ModelWeights& weights,
                                   const Clock& clock) {
  if (options.tokens > spec.max_position_embeddings) {
    return Status(Code::kInvalidArgument,
                  fmt::format("--tokens: {} is more than the {} that the model can take",
                              options.tokens,
                              spec.max_position_embeddings));
  }
  RR_ASSIGN_OR_RETURN(const engine::Arithmetic arithmetic, arithmetic_of(options));
  engine::CpuExecutorOptions executor_options;
  executor_options.threads = options.threads;
  executor_options.isa = options.isa;
  executor_options.quantization = options.quantization;
  executor_options.mixed_precision = options.mixed_precision;
  RR_ASSIGN_OR_RETURN(const auto executor,
                      engine::make_cpu_executor(spec, weights, executor_options));
  EngineLoad load(*executor, options, spec.vocab_size);
  const Measured measured =
      measure_beside_peak(*arithmetic.linear, options.threads, clock, [&load] { load.run(); });
  RR_RETURN_IF_ERROR(load.status());
  EngineFigures figures;
  figures.isa = executor->info().isa;
  figures.dtype = executor->info().quantization;
  figures.numerics = executor->info().numerics;
  figures.pairs_per_s = options.pairs / measured.seconds;
  figures.tokens_per_s = figures.pairs_per_s * options.tokens;
  figures.gflops = figures.pairs_per_s * pair_flops(spec, options.tokens) * 1e-9;
  figures.peak_gflops = measured.peak_gflops;
  figures.probe_spread = measured.probe_spread;
  if (arithmetic.quantization == engine::Quantization::kInt8) {
    figures.bf16_peak_gflops =
        peak_gflops(kernels::kernel_table(arithmetic.isa).bf16, options.threads, clock);
  }
  figures.rss_bytes = metrics::read_process_stats().resident_bytes;
  return figures;
}

}  // namespace rr::cli
