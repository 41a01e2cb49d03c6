// The reference GEMM: the plain triple loop over packed panels, one accumulator per output element,
// k ascending. Multiplication and addition are separate (no contraction); int8 sums are exact.
#include "kernels/cpu/generic/generic_inl.h"
#include "kernels/cpu/generic/scalar_math_inl.h"

namespace rr::kernels::generic {

namespace {

constexpr int kColumns = kPanelColumns;

float widen(float value) {
  return value;
}
float widen(std::uint16_t bf16) {
  return bits_to_float(static_cast<std::uint32_t>(bf16) << 16);
}
std::int32_t widen(std::int8_t value) {
  return value;
}

float apply(Epilogue epilogue, float x, float residual) {
  switch (epilogue) {
    case Epilogue::kBias:
    case Epilogue::kAccumulate:
      return x;
    case Epilogue::kBiasGeluErf:
      return gelu_erf_scalar(x);
    case Epilogue::kBiasGeluTanh:
      return gelu_tanh_scalar(x);
    case Epilogue::kBiasRelu:
      return x < 0 ? 0 : x;
    case Epilogue::kBiasTanh:
      return tanh_scalar(x);
    case Epilogue::kBiasResidual:
      return x + residual;
  }
  return x;
}

template <typename A, typename B, typename Sum>
void panel_row(const A* a, const B* b, std::int64_t depth, Sum (&sum)[kColumns]) {
  for (std::int64_t k = 0; k < depth; ++k) {
    const Sum x = widen(a[k]);
    for (int n = 0; n < kColumns; ++n) {
      sum[n] += x * widen(b[k * kColumns + n]);
    }
  }
}

template <typename A, typename B, typename Sum>
void gemm(const GemmArgs& args) {
  for (std::int64_t panel = 0; panel < args.panels; ++panel) {
    const B* b = static_cast<const B*>(args.b) + panel * args.panel_depth * kColumns;
    for (std::int64_t m = 0; m < args.rows; ++m) {
      Sum sum[kColumns] = {};
      panel_row(static_cast<const A*>(args.a) + m * args.a_stride, b, args.depth, sum);
      for (int n = 0; n < kColumns; ++n) {
        const std::int64_t column = panel * kColumns + n;
        auto x = static_cast<float>(sum[n]);
        if (args.b_scale != nullptr) {
          x = x * (args.a_scale[m] * args.b_scale[column]);
        }
        const bool residual = args.epilogue == Epilogue::kBiasResidual;
        static_cast<float*>(args.c)[m * args.c_stride + column] =
            apply(args.epilogue,
                  x + args.bias[column],
                  residual ? args.residual[m * args.residual_stride + column] : 0);
      }
    }
  }
}

}  // namespace

void gemm_f32(const GemmArgs& args) {
  gemm<float, float, float>(args);
}

void gemm_bf16_widened(const GemmArgs& args) {
  gemm<float, std::uint16_t, float>(args);
}

void gemm_int8(const GemmArgs& args) {
  gemm<std::int8_t, std::int8_t, std::int32_t>(args);
}

// Eight independent chains; the compiler may keep four lanes of each in one baseline register.
std::int64_t probe_f32(std::int64_t rounds, float* sink) {
  constexpr int kLanes = 32;
  float sum[kLanes] = {};
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (float& lane : sum) {
      lane = lane * 0.5F + 1.0F;
    }
  }
  for (const float lane : sum) {
    *sink += lane;
  }
  return rounds * kLanes * 2;
}

}  // namespace rr::kernels::generic
