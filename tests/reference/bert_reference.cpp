#include "tests/reference/bert_reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace rr::reference {

namespace {

using checkpoint::TensorView;
using Matrix = std::vector<std::vector<double>>;  // [T][columns]

double at(const TensorView& tensor, std::size_t index) {
  float value = 0;
  std::memcpy(&value, tensor.data + index * sizeof value, sizeof value);
  return value;
}

Matrix linear(const model::Linear& layer, const Matrix& x) {
  const auto out = static_cast<std::size_t>(layer.weight.shape[0]);
  const auto in = static_cast<std::size_t>(layer.weight.shape[1]);
  std::vector<double> weight(out * in);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    weight[i] = at(layer.weight, i);
  }
  Matrix y(x.size(), std::vector<double>(out));
  for (std::size_t t = 0; t < x.size(); ++t) {
    for (std::size_t n = 0; n < out; ++n) {
      double sum = at(layer.bias, n);
      for (std::size_t k = 0; k < in; ++k) {
        sum += weight[n * in + k] * x[t][k];
      }
      y[t][n] = sum;
    }
  }
  return y;
}

void layer_norm(const model::LayerNorm& norm, double eps, Matrix& x) {
  for (std::vector<double>& row : x) {
    double mean = 0;
    for (const double value : row) {
      mean += value / static_cast<double>(row.size());
    }
    double variance = 0;
    for (const double value : row) {
      variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
    }
    for (std::size_t h = 0; h < row.size(); ++h) {
      row[h] = (row[h] - mean) / std::sqrt(variance + eps) * at(norm.weight, h) + at(norm.bias, h);
    }
  }
}

double activate(model::Activation activation, double x) {
  switch (activation) {
    case model::Activation::kGeluErf:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case model::Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case model::Activation::kRelu:
      return std::max(x, 0.0);
  }
  return x;
}

void attend_head(const Matrix& q,
                 const Matrix& k,
                 const Matrix& v,
                 std::size_t first,
                 std::size_t size,
                 Matrix& out) {
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::vector<double> p(k.size());
    for (std::size_t j = 0; j < k.size(); ++j) {
      for (std::size_t d = first; d < first + size; ++d) {
        p[j] += q[i][d] * k[j][d];
      }
      p[j] /= std::sqrt(static_cast<double>(size));
    }
    const double largest = *std::max_element(p.begin(), p.end());
    double sum = 0;
    for (double& value : p) {
      value = std::exp(value - largest);
      sum += value;
    }
    for (std::size_t j = 0; j < k.size(); ++j) {
      for (std::size_t d = first; d < first + size; ++d) {
        out[i][d] += p[j] / sum * v[j][d];
      }
    }
  }
}

void add(Matrix& x, const Matrix& y) {
  for (std::size_t t = 0; t < x.size(); ++t) {
    for (std::size_t h = 0; h < x[t].size(); ++h) {
      x[t][h] += y[t][h];
    }
  }
}

void layer(const model::ModelSpec& spec, const model::Block& block, Matrix& x) {
  const Matrix q = linear(block.query, x);
  const Matrix k = linear(block.key, x);
  const Matrix v = linear(block.value, x);
  Matrix context(x.size(), std::vector<double>(x[0].size()));
  const auto size = static_cast<std::size_t>(spec.head_size());
  for (std::size_t head = 0; head < static_cast<std::size_t>(spec.num_attention_heads); ++head) {
    attend_head(q, k, v, head * size, size, context);
  }
  add(x, linear(block.attention_output, context));
  layer_norm(block.attention_norm, spec.layer_norm_eps, x);
  Matrix inner = linear(block.intermediate, x);
  for (std::vector<double>& row : inner) {
    for (double& value : row) {
      value = activate(spec.activation, value);
    }
  }
  add(x, linear(block.output, inner));
  layer_norm(block.output_norm, spec.layer_norm_eps, x);
}

}  // namespace

double bert_logit(const model::ModelSpec& spec,
                  const model::ModelWeights& weights,
                  std::span<const TokenId> input_ids,
                  std::span<const TokenId> token_type_ids) {
  const auto h = static_cast<std::size_t>(spec.hidden_size);
  Matrix x(input_ids.size(), std::vector<double>(h));
  for (std::size_t t = 0; t < input_ids.size(); ++t) {
    const auto word = static_cast<std::size_t>(input_ids[t]);
    const auto type = static_cast<std::size_t>(token_type_ids[t]);
    for (std::size_t i = 0; i < h; ++i) {
      x[t][i] = at(weights.word_embeddings, word * h + i) +
                at(weights.token_type_embeddings, type * h + i) +
                at(weights.position_embeddings, t * h + i);
    }
  }
  layer_norm(weights.embedding_norm, spec.layer_norm_eps, x);
  for (const model::Block& block : weights.blocks) {
    layer(spec, block, x);
  }
  Matrix pooled = linear(weights.pooler, {x[0]});
  for (double& value : pooled[0]) {
    value = std::tanh(value);
  }
  return linear(weights.classifier, pooled)[0][0];
}

}  // namespace rr::reference
