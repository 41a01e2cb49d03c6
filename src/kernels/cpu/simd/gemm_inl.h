// GEMM over packed panels: for each panel, for each block of rows, one register tile over the whole
// depth, then the epilogue while the sums are in the first-level cache. k is never split, and each
// output element has one accumulator, so its bits depend on the depth alone. Include vec_*_inl.h,
// math_inl.h and dot_inl.h first. Timed by bench/bench_kernels_gemm.cpp.
#pragma once

namespace {

using rr::kernels::Epilogue;
using rr::kernels::GemmArgs;
using rr::kernels::Storage;

// Writes one vector of c. StoreBf16 as in rows_inl.h.
template <typename StoreBf16>
inline void store_c(
    const GemmArgs& args, std::int64_t row, std::int64_t column, V::F x, StoreBf16 store_bf16) {
  if (args.c_storage == Storage::kBf16) {
    store_bf16(static_cast<std::uint16_t*>(args.c) + row * args.c_stride + column, x);
  } else {
    V::store(static_cast<float*>(args.c) + row * args.c_stride + column, x);
  }
}

inline V::F scaled(const GemmArgs& /*args*/,
                   std::int64_t /*row*/,
                   std::int64_t /*column*/,
                   const float* sum) {
  return V::load(sum);
}

inline V::F scaled(const GemmArgs& args,
                   std::int64_t row,
                   std::int64_t column,
                   const std::int32_t* sum) {
  const V::I whole = V::sub_i(V::load_i(sum), V::load_i(args.b_offset + column));
  const V::F scale = V::mul(V::set1(args.a_scale[row]), V::load(args.b_scale + column));
  return V::mul(V::to_float(whole), scale);
}

// Finish turns (sum + bias, row, column) into c's value.
template <typename Dot, typename StoreBf16, typename Finish>
inline void finish_rows(const GemmArgs& args,
                        std::int64_t row,
                        int rows,
                        std::int64_t column,
                        const typename Dot::Value* sum,
                        StoreBf16 store_bf16,
                        Finish finish) {
  constexpr std::int64_t kColumns = Dot::kVectors * V::kLanes;
  for (int m = 0; m < rows; ++m) {
    for (std::int64_t n = 0; n < kColumns; n += V::kLanes) {
      const V::F product = scaled(args, row + m, column + n, sum + m * kColumns + n);
      const V::F x = V::add(product, V::load(args.bias + column + n));
      store_c(args, row + m, column + n, finish(x, row + m, column + n), store_bf16);
    }
  }
}

template <typename Dot, typename Gelu, typename StoreBf16>
inline void epilogue(const GemmArgs& args,
                     std::int64_t row,
                     int rows,
                     std::int64_t column,
                     const typename Dot::Value* sum,
                     StoreBf16 store) {
  const auto finish = [&](auto function) {
    finish_rows<Dot>(args, row, rows, column, sum, store, function);
  };
  switch (args.epilogue) {
    case Epilogue::kBias:
    case Epilogue::kAccumulate:
      finish([](V::F x, std::int64_t, std::int64_t) { return x; });
      return;
    case Epilogue::kBiasGeluErf:
      finish([](V::F x, std::int64_t, std::int64_t) { return Gelu()(x); });
      return;
    case Epilogue::kBiasGeluTanh:
      finish([](V::F x, std::int64_t, std::int64_t) { return gelu_tanh_v(x); });
      return;
    case Epilogue::kBiasRelu:
      finish([](V::F x, std::int64_t, std::int64_t) { return relu_v(x); });
      return;
    case Epilogue::kBiasTanh:
      finish([](V::F x, std::int64_t, std::int64_t) { return tanh_v(x); });
      return;
    case Epilogue::kBiasResidual:
      finish([&args](V::F x, std::int64_t m, std::int64_t n) {
        return V::add(x, V::load(args.residual + m * args.residual_stride + n));
      });
      return;
  }
}

template <typename Dot, typename Gelu, typename StoreBf16>
inline void gemm(const GemmArgs& args, StoreBf16 store_bf16) {
  constexpr std::int64_t kColumns = Dot::kVectors * V::kLanes;
  const auto* a = static_cast<const typename Dot::A*>(args.a);
  const auto* b = static_cast<const typename Dot::B*>(args.b);
  const std::int64_t groups = args.depth / Dot::kGroup;
  alignas(64) typename Dot::Value sum[Dot::kRows * kColumns];
  for (std::int64_t panel = 0; panel < args.panels; ++panel) {
    for (std::int64_t row = 0; row < args.rows; row += Dot::kRows) {
      const std::int64_t left = args.rows - row;
      const int rows = left < Dot::kRows ? static_cast<int>(left) : Dot::kRows;
      tile_rows<Dot>(rows, a + row * args.a_stride, args.a_stride, b, groups, sum, kColumns);
      epilogue<Dot, Gelu>(args, row, rows, panel * kColumns, sum, store_bf16);
    }
    b += args.panel_depth * kColumns;
  }
}

// 16-bit output is only asked of kernels whose activations are 16-bit.
struct NoBf16 {
  void operator()(std::uint16_t* /*to*/, V::F /*x*/) const {}
};

// Independent chains of steps from registers: enough to hide a step's latency, few enough to fit
// the registers twice. `operations` per step and chain.
template <typename Dot, int kChains, typename Operand>
inline std::int64_t probe(
    std::int64_t rounds, float* sink, Operand a, Operand b, std::int64_t operations) {
  typename Dot::Acc sum[kChains];
#pragma GCC unroll 10
  for (int i = 0; i < kChains; ++i) {
    sum[i] = Dot::zero();
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 10
    for (int i = 0; i < kChains; ++i) {
      // Tells the compiler that `a` may have changed, so that no part of a step leaves the loop.
      __asm__ volatile("" : "+x"(a));
      sum[i] = Dot::step(sum[i], a, b);
    }
  }
#pragma GCC unroll 10
  for (int i = 0; i < kChains; ++i) {
    typename Dot::Value lanes[V::kLanes];
    Dot::store(lanes, sum[i]);
    *sink += static_cast<float>(lanes[0]);
  }
  return rounds * kChains * operations;
}

}  // namespace
