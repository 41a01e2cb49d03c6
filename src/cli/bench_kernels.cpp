// The matrix products of one block, alone: what the kernels reach without attention, norms and
// memory traffic around them.
#include <fmt/format.h>

#include "base/aligned_memory.h"
#include "cli/bench.h"
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
    args.panels = columns_ / kernel_.panel_columns;
    args.epilogue = kernels::Epilogue::kBias;
    kernel_.gemm(args);
  }

 private:
  const kernels::LinearKernel& kernel_;
  std::int64_t columns_, depth_;
  AlignedMemory weight_, activations_, row_scale_, column_scale_, offset_, bias_, result_;
};

KernelFigures measure_product(const kernels::LinearKernel& kernel,
                              std::int64_t columns,
                              std::int64_t depth,
                              int threads,
                              const Clock& clock) {
  constexpr int kRepeats = 20;  // long enough beside the start of the threads
  std::vector<Product> products;
  for (int i = 0; i < threads; ++i) {
    products.emplace_back(kernel, columns, depth);
  }
  const Measured measured = measure_beside_peak(kernel, threads, clock, [&] {
    run_on_threads(threads, [&products](int thread) {
      for (int i = 0; i < kRepeats; ++i) {
        products[static_cast<std::size_t>(thread)].run();
      }
    });
  });
  const double flops = 2.0 * static_cast<double>(kRows * columns * depth) * kRepeats * threads;
  return {.name = fmt::format("gemm N={} K={}", columns, depth),
          .gflops = flops / measured.seconds * 1e-9,
          .peak_gflops = measured.peak_gflops,
          .probe_spread = measured.probe_spread};
}

}  // namespace

Result<std::vector<KernelFigures>> bench_kernels(const BenchOptions& options,
                                                 const model::ModelSpec& spec,
                                                 const Clock& clock) {
  RR_ASSIGN_OR_RETURN(const kernels::Isa isa, kernels::isa_from_name(options.isa));
  RR_ASSIGN_OR_RETURN(const auto quantization,
                      engine::quantization_from_name(options.quantization));
  const engine::Arithmetic arithmetic =
      engine::choose_arithmetic(isa, quantization, options.mixed_precision);
  const std::int64_t h = spec.hidden_size;
  const std::int64_t i = spec.intermediate_size;
  std::vector<KernelFigures> figures;
  for (const auto& [columns, depth] : {std::pair(h, h), std::pair(i, h), std::pair(h, i)}) {
    figures.push_back(measure_product(*arithmetic.linear, columns, depth, options.threads, clock));
  }
  return figures;
}

}  // namespace rr::cli
