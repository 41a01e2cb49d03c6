// Every product of every instruction set against the same sums in double precision, made from the
// very numbers that the kernel reads (rounded or quantised), for depths and widths with tails.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/kernel_test_data.h"

namespace rr::kernels {
namespace {

double finished(Epilogue epilogue, double x, double residual) {
  switch (epilogue) {
    case Epilogue::kBias:
      return x;
    case Epilogue::kBiasGeluErf:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Epilogue::kBiasGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Epilogue::kBiasRelu:
      return std::max(x, 0.0);
    case Epilogue::kBiasTanh:
      return std::tanh(x);
    case Epilogue::kBiasResidual:
    case Epilogue::kAccumulate:
      return x + residual;
  }
  return x;
}

// One product a·wᵀ with everything that its kernel needs around it.
struct Product {
  const LinearKernel& kernel;
  std::int64_t m, n, k;
  std::int64_t a_stride = 0;
  std::vector<float> a, weight, bias, residual;
  std::vector<std::byte> a_bytes, panels;
  std::vector<float> a_scale, b_scale, c;
  std::vector<std::int32_t> b_offset;
  std::vector<double> a_seen, w_seen;  // what the kernel multiplies, exactly
  std::int64_t columns = 0;            // padded

  Product(const LinearKernel& of, std::int64_t rows, std::int64_t width, std::int64_t depth)
      : kernel(of), m(rows), n(width), k(depth) {
    columns = padded_columns(kernel, n);
    a_stride = padded_depth(kernel, k) + 64;
    a = random_floats(static_cast<std::size_t>(m * k), 1, 1);
    weight =
        random_floats(static_cast<std::size_t>(n * k), 2 / std::sqrt(static_cast<float>(k)), 2);
    bias = random_floats(static_cast<std::size_t>(columns), 1, 3);
    residual = random_floats(static_cast<std::size_t>(m * columns), 1, 4);
    panels.resize(packed_bytes(kernel, n, k) + 64);
    b_scale.resize(static_cast<std::size_t>(columns));
    b_offset.resize(static_cast<std::size_t>(columns));
    pack_weight(kernel, weight, n, k, {panels.data(), b_scale.data(), b_offset.data()});
    // The kernel may read, not use, rows up to the next block: they hold NaN.
    const std::int64_t readable = (m + kernel.row_block - 1) / kernel.row_block * kernel.row_block;
    a_bytes.resize(
        static_cast<std::size_t>(readable * a_stride) * storage_bytes(kernel.activations),
        std::byte{0xff});
    std::fill_n(a_bytes.begin(),
                static_cast<std::size_t>(m * a_stride) * storage_bytes(kernel.activations),
                std::byte{0});
    a_scale.resize(static_cast<std::size_t>(m));
    c.resize(static_cast<std::size_t>(m * columns), std::nanf(""));
    fill_activations();
    see_weights();
  }

  void fill_activations() {
    for (std::int64_t row = 0; row < m; ++row) {
      const float scale = 1.0F / static_cast<float>(std::max(kernel.activation_limit, 1));
      a_scale[static_cast<std::size_t>(row)] = scale;
      for (std::int64_t i = 0; i < k; ++i) {
        const float value = a[static_cast<std::size_t>(row * k + i)];
        std::byte* to = a_bytes.data() + static_cast<std::size_t>(row * a_stride + i) *
                                             storage_bytes(kernel.activations);
        if (kernel.activations == Storage::kF32) {
          std::memcpy(to, &value, sizeof value);
          a_seen.push_back(value);
        } else if (kernel.activations == Storage::kBf16) {
          const std::uint16_t bits = bf16_bits(value);
          std::memcpy(to, &bits, sizeof bits);
          a_seen.push_back(bf16_rounded(value));
        } else if (kernel.activations == Storage::kBf16x3) {
          put_parts(row, i, value);
          a_seen.push_back(value);
        } else {
          const auto whole = static_cast<int>(std::nearbyint(value / scale));
          const auto word = static_cast<std::int16_t>(whole);
          if (kernel.activations == Storage::kI16) {
            std::memcpy(to, &word, sizeof word);
          } else {
            *to = static_cast<std::byte>(whole + kernel.zero_point);
          }
          a_seen.push_back(static_cast<double>(whole) * scale);
        }
      }
      for (std::int64_t i = k; i < padded_depth(kernel, k) && kernel.activations == Storage::kI8;
           ++i) {
        a_bytes[static_cast<std::size_t>(row * a_stride + i)] =
            static_cast<std::byte>(kernel.zero_point);
      }
    }
  }

  void put_parts(std::int64_t row, std::int64_t i, float rest) {
    for (std::int64_t part = 0; part < 3; ++part) {
      const std::uint16_t bits = bf16_bits(rest);
      std::memcpy(a_bytes.data() + ((row * 3 + part) * a_stride + i) * 2, &bits, sizeof bits);
      rest -= bf16_rounded(rest);
    }
  }

  void see_weights() {
    for (std::int64_t column = 0; column < n; ++column) {
      for (std::int64_t i = 0; i < k; ++i) {
        const float value = weight[static_cast<std::size_t>(column * k + i)];
        const float scale = b_scale[static_cast<std::size_t>(column)];
        if (kernel.weights == Storage::kI8) {
          w_seen.push_back(std::nearbyint(value / scale) * static_cast<double>(scale));
        } else {
          const bool rounded =
              kernel.weights == Storage::kBf16 || kernel.activations == Storage::kBf16;
          w_seen.push_back(rounded ? bf16_rounded(value) : value);
        }
      }
    }
  }

  GemmArgs args(Epilogue epilogue) {
    GemmArgs args{};
    args.a = a_bytes.data();
    args.a_stride = a_stride;
    args.a_scale = a_scale.data();
    args.b = panels.data();
    args.b_scale = kernel.weights == Storage::kI8 ? b_scale.data() : nullptr;
    args.b_offset = b_offset.data();
    args.bias = bias.data();
    args.residual = residual.data();
    args.residual_stride = columns;
    args.c = c.data();
    args.c_stride = columns;
    args.c_storage = Storage::kF32;
    args.rows = m;
    args.depth = padded_depth(kernel, k);
    args.panels = panel_count(kernel, n);
    args.panel_depth = args.depth;
    args.epilogue = epilogue;
    return args;
  }

  double expected(Epilogue epilogue, std::int64_t row, std::int64_t column) const {
    double sum = bias[static_cast<std::size_t>(column)];
    for (std::int64_t i = 0; i < k; ++i) {
      sum += a_seen[static_cast<std::size_t>(row * k + i)] *
             w_seen[static_cast<std::size_t>(column * k + i)];
    }
    return finished(epilogue, sum, residual[static_cast<std::size_t>(row * columns + column)]);
  }
};

struct Named {
  std::string isa;
  const LinearKernel* kernel;
};

std::vector<Named> all_products() {
  std::vector<Named> products;
  for (const Isa isa : available_isas()) {
    const CpuKernels& table = kernel_table(isa);
    for (const LinearKernel* kernel :
         {&table.f32, &table.split, &table.mixed, &table.bf16, &table.int8}) {
      products.push_back({std::string(isa_name(isa)), kernel});
    }
  }
  return products;
}

// Sums in f32 and an epilogue within a few ulp; the short GELU of 8- and 16-bit modes errs by 4e-5.
constexpr double kClose = 2e-4;

TEST(Gemm, AgreesWithDoublePrecisionForEveryTail) {
  struct Shape {
    std::int64_t m, n, k;
  };
  for (const auto& [isa, kernel] : all_products()) {
    for (const Shape& s : {Shape{1, 1, 1}, {5, 33, 7}, {29, 64, 64}, {17, 40, 66}, {3, 70, 321}}) {
      Product product(*kernel, s.m, s.n, s.k);
      kernel->gemm(product.args(Epilogue::kBias));
      for (std::int64_t row = 0; row < s.m; ++row) {
        for (std::int64_t column = 0; column < s.n; ++column) {
          ASSERT_NEAR(product.c[static_cast<std::size_t>(row * product.columns + column)],
                      product.expected(Epilogue::kBias, row, column),
                      kClose)
              << isa << " " << kernel->arithmetic << " N=" << s.n << " K=" << s.k << " at " << row
              << "," << column;
        }
      }
    }
  }
}

TEST(Gemm, EveryEpilogueAgreesWithDoublePrecision) {
  for (const auto& [isa, kernel] : all_products()) {
    Product product(*kernel, 6, 48, 50);
    for (const Epilogue epilogue : {Epilogue::kBiasGeluErf,
                                    Epilogue::kBiasGeluTanh,
                                    Epilogue::kBiasRelu,
                                    Epilogue::kBiasTanh,
                                    Epilogue::kBiasResidual}) {
      kernel->gemm(product.args(epilogue));
      for (std::int64_t row = 0; row < 6; ++row) {
        for (std::int64_t column = 0; column < 48; ++column) {
          ASSERT_NEAR(product.c[static_cast<std::size_t>(row * product.columns + column)],
                      product.expected(epilogue, row, column),
                      kClose)
              << isa << " " << kernel->arithmetic << " epilogue " << static_cast<int>(epilogue);
        }
      }
    }
  }
}

// Depth by depth: what the first stretch leaves with bias and residual, the others take up.
TEST(Gemm, StretchesOfTheDepthAddUp) {
  for (const auto& [isa, kernel] : all_products()) {
    if (!kernel->accumulates) {
      continue;
    }
    constexpr std::int64_t kRows = 37;
    Product product(*kernel, kRows, 70, 300);
    product.c.resize(static_cast<std::size_t>(64 * product.columns), std::nanf(""));
    GemmArgs args = product.args(Epilogue::kBiasResidual);
    const std::int64_t depth = args.depth;
    args.depth = kernel->depth_block;
    for (std::int64_t k = 0; k < depth; k += args.depth) {
      args.depth = std::min(args.depth, depth - k);
      args.a = product.a_bytes.data() + static_cast<std::size_t>(k) * storage_bytes(Storage::kBf16);
      args.b = product.panels.data() +
               static_cast<std::size_t>(k * kernel->panel_columns) * storage_bytes(kernel->weights);
      kernel->gemm(args);
      args.epilogue = Epilogue::kAccumulate;
    }
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (std::int64_t column = 0; column < 70; ++column) {
        ASSERT_NEAR(product.c[static_cast<std::size_t>(row * product.columns + column)],
                    product.expected(Epilogue::kBiasResidual, row, column),
                    kClose)
            << isa << " " << kernel->arithmetic << " at " << row << "," << column;
      }
    }
  }
}

// The heart of the bit law: every tile height gives each element the same bits.
TEST(Gemm, ARowHasTheSameBitsWhateverTheNumberOfRows) {
  constexpr std::int64_t kRows = 31;
  for (const auto& [isa, kernel] : all_products()) {
    Product all(*kernel, kRows, 40, 77);
    kernel->gemm(all.args(Epilogue::kBiasGeluErf));
    const std::vector<float> expected = all.c;
    for (std::int64_t rows = 1; rows < kRows; ++rows) {
      std::fill(all.c.begin(), all.c.end(), std::nanf(""));
      GemmArgs args = all.args(Epilogue::kBiasGeluErf);
      args.rows = rows;
      kernel->gemm(args);
      const std::int64_t count = rows * all.columns;
      ASSERT_EQ(bits_of(all.c, 0, count), bits_of(expected, 0, count))
          << isa << " " << kernel->arithmetic << " rows " << rows;
    }
  }
}

TEST(Gemm, Bf16ResultsAreTheF32ResultsRoundedToNearestEven) {
  for (const auto& [isa, kernel] : all_products()) {
    if (kernel_table(*isa_from_name(isa)).attention_bf16 == nullptr ||
        kernel->activations == Storage::kF32 || kernel->activations == Storage::kBf16x3) {
      continue;
    }
    Product product(*kernel, 9, 64, 66);
    kernel->gemm(product.args(Epilogue::kBias));
    std::vector<std::uint16_t> half(product.c.size());
    GemmArgs args = product.args(Epilogue::kBias);
    args.c = half.data();
    args.c_storage = Storage::kBf16;
    kernel->gemm(args);
    for (std::size_t i = 0; i < half.size(); ++i) {
      ASSERT_EQ(half[i], bf16_bits(product.c[i])) << isa << " " << kernel->arithmetic;
    }
  }
}

TEST(Gemm, PanelsCanBeComputedInParts) {
  for (const auto& [isa, kernel] : all_products()) {
    Product product(*kernel, 7, 130, 64);
    kernel->gemm(product.args(Epilogue::kBias));
    const std::vector<float> expected = product.c;
    std::fill(product.c.begin(), product.c.end(), std::nanf(""));
    GemmArgs args = product.args(Epilogue::kBias);
    const std::int64_t panels = args.panels;
    args.panels = 1;
    for (std::int64_t panel = 0; panel < panels; ++panel) {
      const std::int64_t column = panel * kernel->panel_columns;
      args.b = product.panels.data() +
               static_cast<std::size_t>(column * args.depth) * storage_bytes(kernel->weights);
      args.b_scale = kernel->weights == Storage::kI8 ? product.b_scale.data() + column : nullptr;
      args.b_offset = product.b_offset.data() + column;
      args.bias = product.bias.data() + column;
      args.c = product.c.data() + column;
      kernel->gemm(args);
    }
    EXPECT_EQ(product.c, expected) << isa << " " << kernel->arithmetic;
  }
}

// Root of the mean square of error and of result, over a wide product.
double relative_error(const LinearKernel& kernel, std::int64_t depth) {
  Product product(kernel, 32, 64, depth);
  std::fill(product.bias.begin(), product.bias.end(), 0.0F);
  kernel.gemm(product.args(Epilogue::kBias));
  double error = 0;
  double size = 0;
  for (std::int64_t row = 0; row < product.m; ++row) {
    for (std::int64_t column = 0; column < product.n; ++column) {
      const double expected = product.expected(Epilogue::kBias, row, column);
      const double got = product.c[static_cast<std::size_t>(row * product.columns + column)];
      error += (got - expected) * (got - expected);
      size += expected * expected;
    }
  }
  return std::sqrt(error / size);
}

TEST(Gemm, SplitProductsAreAsExactAsF32) {
  for (const Isa isa : available_isas()) {
    const CpuKernels& table = kernel_table(isa);
    for (const std::int64_t depth : {384, 1536, 3072}) {
      if (table.split.activations == Storage::kBf16x3) {
        EXPECT_LE(relative_error(table.split, depth), 2.1e-7) << isa_name(isa) << " K=" << depth;
      }
      EXPECT_LE(relative_error(table.split, depth), relative_error(table.f32, depth))
          << isa_name(isa) << " K=" << depth;
    }
  }
}

// What overflows on the way to bf16 too: an error later, never a score.
TEST(Gemm, ANumberThatIsNotFiniteSpoilsItsRowOfASplitProduct) {
  for (const Isa isa : available_isas()) {
    const LinearKernel& kernel = kernel_table(isa).split;
    for (const float poison : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
      Product product(kernel, 5, 40, 70);
      if (kernel.activations == Storage::kBf16x3) {
        product.put_parts(3, 17, poison);
      } else {
        std::memcpy(product.a_bytes.data() + (3 * product.a_stride + 17) * 4, &poison, 4);
      }
      kernel.gemm(product.args(Epilogue::kBias));
      for (std::int64_t column = 0; column < 40; ++column) {
        EXPECT_FALSE(
            std::isfinite(product.c[static_cast<std::size_t>(3 * product.columns + column)]))
            << isa_name(isa);
        EXPECT_TRUE(
            std::isfinite(product.c[static_cast<std::size_t>(2 * product.columns + column)]))
            << isa_name(isa);
      }
    }
  }
}

}  // namespace
}  // namespace rr::kernels
