#include "engine/benchmark.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "base/json_text.h"
#include "model/random_model.h"

namespace rr::engine {

namespace {

constexpr double kProbeSeconds = 0.02;
constexpr double kProbesApartMax = 0.10;

double seconds_between(TimePoint begin, TimePoint end) {
  return to_seconds(end - begin);
}

// Processor time that the calling thread has had.
double thread_cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Runs work(thread) on `threads` threads at once; returns the seconds until the last is done, or
// the mean of the processor time that each had.
double on_threads(int threads,
                  BenchTime time,
                  const Clock& clock,
                  const std::function<void(int)>& work) {
  std::vector<double> cpu(static_cast<std::size_t>(threads));
  const auto timed = [&](int thread) {
    const double begin = thread_cpu_seconds();
    work(thread);
    cpu[static_cast<std::size_t>(thread)] = thread_cpu_seconds() - begin;
  };
  const TimePoint begin = clock.now();
  {
    std::vector<std::jthread> others;
    for (int thread = 1; thread < threads; ++thread) {
      others.emplace_back([&timed, thread] { timed(thread); });
    }
    timed(0);
  }
  const double wall = seconds_between(begin, clock.now());
  return time == BenchTime::kWall ? wall : std::accumulate(cpu.begin(), cpu.end(), 0.0) / threads;
}

std::size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) {
    return 0;
  }
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int fields = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// One call's worth of pairs, all of the same length.
struct Work {
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
  std::vector<int> cu_seqlens = {0};
};

std::vector<Work> make_work(const model::ModelSpec& spec,
                            const BenchOptions& options,
                            int per_call) {
  std::vector<Work> all;
  for (int pair = 0; pair < options.pairs; ++pair) {
    if (pair % per_call == 0) {
      all.emplace_back();
    }
    Work& work = all.back();
    const auto drawn =
        model::make_random_pair(options.tokens, spec.vocab_size, static_cast<std::uint64_t>(pair));
    work.input_ids.insert(work.input_ids.end(), drawn.input_ids.begin(), drawn.input_ids.end());
    work.token_type_ids.insert(
        work.token_type_ids.end(), drawn.token_type_ids.begin(), drawn.token_type_ids.end());
    work.cu_seqlens.push_back(static_cast<int>(work.input_ids.size()));
  }
  return all;
}

// Workers pull calls until none is left; returns the seconds.
double run_round(Executor& executor,
                 const std::vector<Work>& work,
                 BenchTime time,
                 const Clock& clock,
                 std::atomic<bool>& failed) {
  std::atomic<std::size_t> next = 0;
  return on_threads(executor.workers(), time, clock, [&](int worker) {
    std::vector<float> logits;
    for (std::size_t i = next++; i < work.size(); i = next++) {
      logits.resize(work[i].cu_seqlens.size() - 1);
      const PackedBatch batch{
          work[i].input_ids, work[i].token_type_ids, work[i].cu_seqlens, work.size() == 1};
      if (!executor.score(worker, batch, logits).ok()) {
        failed = true;
      }
    }
  });
}

void summarise(const std::vector<double>& rates,
               const std::vector<double>& peaks,
               BenchResult& result) {
  std::vector<double> shares(rates.size());
  std::transform(rates.begin(), rates.end(), peaks.begin(), shares.begin(), std::divides<>());
  result.gflops = median(rates);
  result.peak_gflops = median(peaks);
  result.share_of_peak = median(shares);
  result.share_of_peak_min = *std::min_element(shares.begin(), shares.end());
  result.share_of_peak_max = *std::max_element(shares.begin(), shares.end());
  result.rounds = static_cast<int>(rates.size());
}

}  // namespace

std::string BenchResult::json() const {
  JsonText text;
  text.open_object();
  text.key("pairs_per_s").number(pairs_per_s).key("tokens_per_s").number(tokens_per_s);
  text.key("gflops").number(gflops).key("peak_gflops").number(peak_gflops);
  text.key("share_of_peak").number(share_of_peak);
  text.key("share_of_peak_min").number(share_of_peak_min);
  text.key("share_of_peak_max").number(share_of_peak_max);
  if (dtype == "int8") {
    text.key("share_of_bf16_peak").number(share_of_bf16_peak);
  }
  text.key("rounds").number(rounds).key("isa").string(isa).key("dtype").string(dtype);
  text.key("numerics").string(numerics).key("threads").number(threads);
  text.key("rss_bytes").number(rss_bytes).close_object();
  return std::move(text).text();
}

double unpruned_flops(const model::ModelSpec& spec, int tokens, int pairs) {
  const double h = spec.hidden_size;
  const double i = spec.intermediate_size;
  const double t = tokens;
  const double a_pair = spec.num_hidden_layers * (2 * t * (4 * h * h + 2 * h * i) + 4 * t * t * h);
  return a_pair * pairs;
}

double probe_peak_gflops(const kernels::LinearKernel& kernel,
                         int threads,
                         BenchTime time,
                         const Clock& clock) {
  // As many rounds as take about kProbeSeconds, found on this thread first.
  float sink = 0;
  constexpr std::int64_t kTrial = 20000;
  const double trial_begin = thread_cpu_seconds();
  kernel.peak_probe(kTrial, &sink);
  const double trial = std::max(thread_cpu_seconds() - trial_begin, 1e-6);
  const auto rounds = static_cast<std::int64_t>(kProbeSeconds / trial * kTrial) + 1;
  std::atomic<std::int64_t> operations = 0;
  const double seconds = on_threads(threads, time, clock, [&](int /*thread*/) {
    float own_sink = 0;
    operations += kernel.peak_probe(rounds, &own_sink);
  });
  return static_cast<double>(operations) / seconds / 1e9;
}

Result<model::ModelSpec> bench_shape(std::string_view name) {
  model::ModelSpec spec;
  spec.family = "bert";
  spec.vocab_size = 30522;
  spec.max_position_embeddings = 512;
  spec.type_vocab_size = 2;
  if (name == "minilm-l6") {
    spec.num_hidden_layers = 6;
    spec.hidden_size = 384;
    spec.num_attention_heads = 12;
    spec.intermediate_size = 1536;
  } else if (name == "bert-base") {
    spec.num_hidden_layers = 12;
    spec.hidden_size = 768;
    spec.num_attention_heads = 12;
    spec.intermediate_size = 3072;
  } else if (name == "bert-large") {
    spec.num_hidden_layers = 24;
    spec.hidden_size = 1024;
    spec.num_attention_heads = 16;
    spec.intermediate_size = 4096;
  } else {
    return Status(Code::kInvalidArgument,
                  "[bench] shape \"" + std::string(name) +
                      "\" is not known; wants minilm-l6, bert-base or bert-large");
  }
  return spec;
}

Result<BenchResult> run_engine_bench(const model::ModelSpec& spec,
                                     const BenchOptions& options,
                                     const Clock& clock) {
  const model::RandomModel model = model::make_random_model(spec, 1);
  return run_engine_bench(spec, model.weights, options, clock);
}

Result<BenchResult> run_engine_bench(const model::ModelSpec& spec,
                                     const model::ModelWeights& weights,
                                     const BenchOptions& options,
                                     const Clock& clock) {
  constexpr int kTokensMin = 4;
  constexpr int kVocabularyMin = 104;
  if (options.tokens < kTokensMin || options.pairs < 1 || options.rounds < 1 ||
      spec.vocab_size < kVocabularyMin) {
    return Status(Code::kInvalidArgument, "[bench] wants tokens >= 4, pairs >= 1 and rounds >= 1");
  }
  RR_ASSIGN_OR_RETURN(const auto executor, make_cpu_executor(spec, weights, options.executor));
  if (options.tokens > executor->max_seqlen()) {
    return Status(Code::kInvalidArgument, "[bench] the model takes no pair of that many tokens");
  }
  const kernels::Isa isa = *kernels::isa_from_name(executor->info().isa);
  const Arithmetic arithmetic =
      choose_arithmetic(isa,
                        *quantization_from_name(options.executor.quantization),
                        options.executor.mixed_precision);
  const int per_call = std::max(1, executor->batch_tokens() / options.tokens);
  const std::vector<Work> work = make_work(spec, options, per_call);
  std::atomic<bool> failed = false;
  run_round(*executor, work, options.time, clock, failed);  // warms caches and touches every page

  std::vector<double> rates;
  std::vector<double> peaks;
  const double flops = unpruned_flops(spec, options.tokens, options.pairs);
  const TimePoint begin = clock.now();
  const int threads = executor->workers();
  for (int tries = 0; static_cast<int>(rates.size()) < options.rounds; ++tries) {
    const double before = probe_peak_gflops(*arithmetic.linear, threads, options.time, clock);
    const double seconds = run_round(*executor, work, options.time, clock, failed);
    const double after = probe_peak_gflops(*arithmetic.linear, threads, options.time, clock);
    const bool late = seconds_between(begin, clock.now()) > options.seconds_max;
    if (std::fabs(before - after) <= kProbesApartMax * std::max(before, after) || late) {
      rates.push_back(flops / seconds / 1e9);
      peaks.push_back((before + after) / 2);
    }
    if (late) {
      break;
    }
  }
  if (failed) {
    return Status(Code::kNonFinite, "[bench] a pair gave no score");
  }
  BenchResult result;
  summarise(rates, peaks, result);
  result.pairs_per_s = result.gflops * 1e9 / (flops / options.pairs);
  result.tokens_per_s = result.pairs_per_s * options.tokens;
  if (options.executor.quantization == "int8") {
    const auto& bf16 = kernels::kernel_table(isa).bf16;
    result.share_of_bf16_peak =
        result.gflops / probe_peak_gflops(bf16, threads, options.time, clock);
  }
  result.isa = executor->info().isa;
  result.dtype = executor->info().quantization;
  result.numerics = executor->info().numerics;
  result.threads = threads;
  result.rss_bytes = resident_bytes();
  return result;
}

}  // namespace rr::engine
