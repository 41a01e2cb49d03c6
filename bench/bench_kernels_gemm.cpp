// GEMM alone, each dtype of each instruction set beside a raw probe of its own arithmetic just
// before and after: cases gemm/<numerics>/N=…/K=…/M=… print GFLOP/s and share_of_peak. Hot: one
// weight, as measured in a loop; cold: rotating through over 64 MiB of weights, as one layer after
// another does.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/aligned_memory.h"
#include "base/clock.h"
#include "bench/ladder/naive_gemm.h"
#include "engine/benchmark.h"
#include "kernels/kernel_table.h"
#include "kernels/packing.h"

namespace {

using namespace rr;
using kernels::LinearKernel;
using kernels::Storage;

struct Operands {
  AlignedMemory a, b, c, scale, offset, bias;
  std::int64_t a_stride = 0;
  std::size_t b_bytes = 0;
  int copies = 1;
  kernels::GemmArgs args{};
};

Operands make_operands(const LinearKernel& kernel, int m, int n, int k, int copies) {
  Operands o;
  const auto element = static_cast<std::int64_t>(kernels::storage_bytes(kernel.activations));
  o.copies = copies;
  o.a_stride = kernels::row_stride(k, kernel.activations);
  o.b_bytes = kernels::packed_bytes(kernel, n, k);
  o.a = AlignedMemory(static_cast<std::size_t>((m + kernel.row_block) * o.a_stride * element));
  o.b = AlignedMemory(o.b_bytes * static_cast<std::size_t>(copies));
  const std::int64_t c_stride = kernels::row_stride(n, Storage::kF32);
  o.c = AlignedMemory(static_cast<std::size_t>(m * c_stride * 4));
  const auto columns = static_cast<std::size_t>(kernels::padded_columns(kernel, n));
  o.scale = AlignedMemory((columns + static_cast<std::size_t>(m)) * 4);
  o.offset = AlignedMemory(columns * 4);
  o.bias = AlignedMemory(columns * 4);
  o.args.a = o.a.data();
  o.args.a_stride = o.a_stride;
  o.args.a_scale = o.scale.as<float>().data() + columns;
  o.args.b = o.b.data();
  o.args.b_scale = o.scale.as<float>().data();
  o.args.b_offset = o.offset.as<std::int32_t>().data();
  o.args.bias = o.bias.as<float>().data();
  o.args.c = o.c.data();
  o.args.c_stride = c_stride;
  o.args.c_storage = Storage::kF32;
  o.args.rows = m;
  o.args.depth = kernels::padded_depth(kernel, k);
  o.args.panel_depth = o.args.depth;
  o.args.panels = kernels::panel_count(kernel, n);
  o.args.epilogue = kernels::Epilogue::kBias;
  return o;
}

void run(benchmark::State& state, const LinearKernel& kernel, int m, int n, int k, int copies) {
  Operands o = make_operands(kernel, m, n, k, copies);
  const SystemClock clock;
  const double before = engine::probe_peak_gflops(kernel, 1, engine::BenchTime::kCpu, clock);
  int copy = 0;
  for (auto _ : state) {
    o.args.b = o.b.data() + static_cast<std::size_t>(copy) * o.b_bytes;
    copy = (copy + 1) % o.copies;
    kernel.gemm(o.args);
    benchmark::ClobberMemory();
  }
  const double after = engine::probe_peak_gflops(kernel, 1, engine::BenchTime::kCpu, clock);
  const double flops = 2.0 * m * n * k * static_cast<double>(state.iterations());
  const double peak = (before + after) / 2;
  state.counters["peak_GF"] = peak;
  state.counters["share"] = benchmark::Counter(flops / 1e9 / peak, benchmark::Counter::kIsRate);
  state.counters["GF/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
  state.counters["probes_apart"] = (after - before) / before;
}

void naive(benchmark::State& state, int m, int n, int k) {
  std::vector<float> a(static_cast<std::size_t>(m * k), 1.0F);
  std::vector<float> b(static_cast<std::size_t>(n * k), 1.0F);
  std::vector<float> c(static_cast<std::size_t>(m * n));
  for (auto _ : state) {
    ladder::naive_gemm(a.data(), b.data(), c.data(), m, n, k);
    benchmark::ClobberMemory();
  }
  const double flops = 2.0 * m * n * k * static_cast<double>(state.iterations());
  state.counters["GF/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
}

void add_cases(const LinearKernel& kernel) {
  constexpr int kRows = 252;
  constexpr std::size_t kColdBytes = std::size_t{64} << 20;
  const std::vector<std::pair<int, int>> shapes = {
      {384, 384}, {1536, 384}, {384, 1536}, {768, 768}, {3072, 768}, {768, 3072}, {3072, 3072}};
  for (const auto& [n, k] : shapes) {
    const std::string name = "gemm/" + std::string(kernel.arithmetic) + "/N=" + std::to_string(n) +
                             "/K=" + std::to_string(k) + "/M=" + std::to_string(kRows);
    const auto cold = static_cast<int>(kColdBytes / kernels::packed_bytes(kernel, n, k)) + 1;
    benchmark::RegisterBenchmark((name + "/hot").c_str(), [&kernel, n = n, k = k](auto& state) {
      run(state, kernel, kRows, n, k, 1);
    });
    benchmark::RegisterBenchmark(
        (name + "/cold").c_str(),
        [&kernel, n = n, k = k, cold](auto& state) { run(state, kernel, kRows, n, k, cold); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const kernels::Isa isa : kernels::available_isas()) {
    const kernels::CpuKernels& table = kernels::kernel_table(isa);
    add_cases(table.f32);
    add_cases(table.mixed);
    add_cases(table.bf16);
    add_cases(table.int8);
  }
  benchmark::RegisterBenchmark("gemm/naive/N=384/K=384/M=252",
                               [](auto& state) { naive(state, 252, 384, 384); });
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
