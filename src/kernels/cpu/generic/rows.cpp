// Reference row kernels: embeddings, LayerNorm and per-row quantisation.
#include <cmath>

#include "kernels/cpu/generic/generic_inl.h"
#include "kernels/cpu/generic/scalar_math_inl.h"

namespace rr::kernels::generic {

namespace {

float table_value(const EmbedTable& table, std::int64_t row, std::int64_t columns, std::int64_t h) {
  const std::int64_t at = row * columns + h;
  switch (table.storage) {
    case Storage::kBf16:
      return bits_to_float(std::uint32_t{static_cast<const std::uint16_t*>(table.rows)[at]} << 16);
    case Storage::kI8:
      return static_cast<float>(static_cast<const std::int8_t*>(table.rows)[at]) * table.scale[row];
    default:
      return static_cast<const float*>(table.rows)[at];
  }
}

}  // namespace

void embed(const EmbedArgs& args) {
  for (std::int64_t m = 0; m < args.rows; ++m) {
    for (std::int64_t h = 0; h < args.columns; ++h) {
      args.y[m * args.y_stride + h] =
          table_value(args.words, args.input_ids[m], args.columns, h) +
          table_value(args.token_types, args.token_type_ids[m], args.columns, h) +
          table_value(args.positions, args.first_position + m, args.columns, h);
    }
  }
}

void layer_norm(const LayerNormArgs& args) {
  const auto count = static_cast<float>(args.columns);
  for (std::int64_t m = 0; m < args.rows; ++m) {
    const float* x = args.x + m * args.x_stride;
    float* y = args.y + m * args.y_stride;
    float sum = 0;
    for (std::int64_t h = 0; h < args.columns; ++h) {
      sum += x[h];
    }
    const float mean = sum / count;
    float squares = 0;
    for (std::int64_t h = 0; h < args.columns; ++h) {
      squares += (x[h] - mean) * (x[h] - mean);
    }
    const float inverse = 1.0F / std::sqrt(squares / count + args.eps);
    for (std::int64_t h = 0; h < args.columns; ++h) {
      y[h] = (x[h] - mean) * inverse * args.weight[h] + args.bias[h];
    }
    for (std::int64_t h = args.columns; h < args.padded_columns; ++h) {
      y[h] = 0;
    }
  }
}

void quantize(const QuantizeArgs& args) {
  for (std::int64_t m = 0; m < args.rows; ++m) {
    const float* x = args.x + m * args.x_stride;
    const std::int64_t begin = m * args.y_stride;
    float largest = 0;
    float poison = 0;  // NaN once a value was NaN or infinite: the comparison would lose it
    for (std::int64_t h = 0; h < args.columns; ++h) {
      largest = std::fabs(x[h]) > largest ? std::fabs(x[h]) : largest;
      poison += x[h] * 0.0F;
    }
    args.scale[m] = largest / static_cast<float>(args.limit) + poison;
    const float inverse = largest > 0 ? static_cast<float>(args.limit) / largest : 0;
    for (std::int64_t h = 0; h < args.padded_columns; ++h) {
      const float scaled = h < args.columns ? x[h] * inverse : 0;
      const int rounded = std::isfinite(scaled) ? static_cast<int>(std::nearbyint(scaled)) : 0;
      if (args.y_storage == Storage::kI16) {
        static_cast<std::int16_t*>(args.y)[begin + h] = static_cast<std::int16_t>(rounded);
      } else {
        static_cast<std::uint8_t*>(args.y)[begin + h] =
            static_cast<std::uint8_t>(rounded + args.zero_point);
      }
    }
  }
}

}  // namespace rr::kernels::generic
