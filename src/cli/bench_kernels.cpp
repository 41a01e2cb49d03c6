#include "cli/bench_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/aligned_memory.h"
#include "engine/benchmark.h"
#include "kernels/packing.h"

namespace rr::cli {

namespace {

constexpr std::int64_t kRows = 256;

// One packed weight and the activations that meet it; one thread's own.
class Product {
 public:
  Product(const kernels::LinearKernel& kernel, std::int64_t columns, std::int64_t depth)
      : kernel_(kernel),
        columns_(kernels::padded_columns(kernel, columns)),
        depth_(kernels::padded_depth(kernel, depth)),
        weight_(kernels::packed_bytes(kernel, columns, depth)),
        activations_(static_cast<std::size_t>(kRows * depth_) * sizeof(float)),
        row_scale_(static_cast<std::size_t>(kRows) * sizeof(float)),
        column_scale_(static_cast<std::size_t>(columns_) * sizeof(float)),
        offset_(static_cast<std::size_t>(columns_) * sizeof(std::int32_t)),
        bias_(static_cast<std::size_t>(columns_) * sizeof(float)),
        result_(static_cast<std::size_t>(kRows * columns_) * sizeof(float)) {
    std::vector<float> weight(static_cast<std::size_t>(columns * depth));
    for (std::size_t i = 0; i < weight.size(); ++i) {
      weight[i] = static_cast<float>(i % 7) * 0.01F;
    }
    kernels::pack_weight(kernel,
                         weight,
                         columns,
                         depth,
                         {.panels = weight_.data(),
                          .scale = column_scale_.as<float>().data(),
                          .offset = offset_.as<std::int32_t>().data()});
  }

  void run() {
    kernels::GemmArgs args{};
    args.a = activations_.data();
    args.a_stride = depth_;
    args.a_scale = row_scale_.as<float>().data();
    args.b = weight_.data();
    args.b_scale = column_scale_.as<float>().data();
    args.b_offset = offset_.as<std::int32_t>().data();
    args.bias = bias_.as<float>().data();
    args.c = result_.data();
    args.c_stride = columns_;
    args.c_storage = kernels::Storage::kF32;
    args.rows = kRows;
    args.depth = depth_;
    args.panel_depth = depth_;
    args.panels = columns_ / kernel_.panel_columns;
    args.epilogue = kernels::Epilogue::kBias;
    kernel_.gemm(args);
  }

 private:
  const kernels::LinearKernel& kernel_;
  std::int64_t columns_, depth_;
  AlignedMemory weight_, activations_, row_scale_, column_scale_, offset_, bias_, result_;
};

void run_on_threads(std::vector<Product>& products, int repeats) {
  std::vector<std::jthread> running;
  running.reserve(products.size());
  for (Product& product : products) {
    running.emplace_back([&product, repeats] {
      for (int i = 0; i < repeats; ++i) {
        product.run();
      }
    });
  }
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

KernelFigures measure_product(const kernels::LinearKernel& kernel,
                              std::int64_t columns,
                              std::int64_t depth,
                              int threads,
                              const Clock& clock) {
  constexpr int kRepeats = 20;  // long enough beside the start of the threads
  constexpr int kCalls = 9;
  std::vector<Product> products;
  products.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    products.emplace_back(kernel, columns, depth);
  }
  run_on_threads(products, 1);  // warm
  const auto peak = [&] {
    return engine::probe_peak_gflops(kernel, threads, engine::BenchTime::kWall, clock);
  };
  const double before = peak();
  std::vector<double> seconds;
  for (int call = 0; call < kCalls; ++call) {
    const TimePoint start = clock.now();
    run_on_threads(products, kRepeats);
    seconds.push_back(to_seconds(clock.now() - start));
  }
  const double flops = 2.0 * static_cast<double>(kRows * columns * depth) * kRepeats * threads;
  return {.name = fmt::format("gemm N={} K={}", columns, depth),
          .gflops = flops / median(std::move(seconds)) * 1e-9,
          .peak_gflops = (before + peak()) / 2};
}

}  // namespace

std::vector<KernelFigures> bench_kernels(const kernels::LinearKernel& kernel,
                                         const model::ModelSpec& spec,
                                         int threads,
                                         const Clock& clock) {
  const std::int64_t h = spec.hidden_size;
  const std::int64_t i = spec.intermediate_size;
  std::vector<KernelFigures> figures;
  for (const auto& [columns, depth] : {std::pair(h, h), std::pair(i, h), std::pair(h, i)}) {
    figures.push_back(measure_product(kernel, columns, depth, threads, clock));
  }
  return figures;
}

}  // namespace rr::cli
