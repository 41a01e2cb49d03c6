#include "engine/fold_biases.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace rr::engine {

namespace {

using checkpoint::TensorView;
using Vector = std::vector<double>;

// Every bias of the blocks, of the embeddings' norm and of the pooler.
std::size_t bias_floats(const model::ModelSpec& spec) {
  const auto h = static_cast<std::size_t>(spec.hidden_size);
  const auto i = static_cast<std::size_t>(spec.intermediate_size);
  // Query, key, value, attention output, output and two norms are [H] each.
  return 2 * h + static_cast<std::size_t>(spec.num_hidden_layers) * (7 * h + i);
}

Status check_shape(const TensorView& tensor, const std::vector<std::int64_t>& shape) {
  if (tensor.shape == shape && tensor.data != nullptr) {
    return {};
  }
  return Status(
      Code::kInvalidArgument,
      "[engine] tensor \"" + tensor.name + "\" has not the shape that the model's spec wants");
}

Status check_linear(const model::Linear& linear, std::int64_t out, std::int64_t in) {
  RR_RETURN_IF_ERROR(check_shape(linear.weight, {out, in}));
  return check_shape(linear.bias, {out});
}

Status check_shapes(const model::ModelSpec& spec, const model::ModelWeights& weights) {
  const std::int64_t h = spec.hidden_size;
  const std::int64_t i = spec.intermediate_size;
  RR_RETURN_IF_ERROR(check_shape(weights.word_embeddings, {spec.vocab_size, h}));
  RR_RETURN_IF_ERROR(check_shape(weights.position_embeddings, {spec.max_position_embeddings, h}));
  RR_RETURN_IF_ERROR(check_shape(weights.token_type_embeddings, {spec.type_vocab_size, h}));
  RR_RETURN_IF_ERROR(check_shape(weights.embedding_norm.weight, {h}));
  RR_RETURN_IF_ERROR(check_shape(weights.embedding_norm.bias, {h}));
  for (const model::Block& block : weights.blocks) {
    for (const model::Linear* linear :
         {&block.query, &block.key, &block.value, &block.attention_output}) {
      RR_RETURN_IF_ERROR(check_linear(*linear, h, h));
    }
    RR_RETURN_IF_ERROR(check_shape(block.attention_norm.bias, {h}));
    RR_RETURN_IF_ERROR(check_linear(block.intermediate, i, h));
    RR_RETURN_IF_ERROR(check_linear(block.output, h, i));
    RR_RETURN_IF_ERROR(check_shape(block.output_norm.bias, {h}));
  }
  return check_linear(weights.pooler, h, h);
}

// Moves biases about; each one that is touched gets f32 memory of its own.
class Folder {
 public:
  explicit Folder(std::span<float> memory) : free_(memory) {}

  // What the bias adds, which is zero afterwards.
  Vector take(TensorView& bias) {
    const std::span<float> values = own(bias);
    Vector taken(values.begin(), values.end());
    std::fill(values.begin(), values.end(), 0.0F);
    return taken;
  }

  void subtract(TensorView& bias, const Vector& shift) {
    const std::span<float> values = own(bias);
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] = static_cast<float>(static_cast<double>(values[k]) - shift[k]);
    }
  }

  // The linear's input was less by `shift`: its bias makes up for it.
  void absorb(model::Linear& linear, const Vector& shift) {
    const std::span<float> bias = own(linear.bias);
    std::vector<float> weight(shift.size());
    for (std::size_t row = 0; row < bias.size(); ++row) {
      checkpoint::read_floats(linear.weight, row * weight.size(), weight);
      double sum = bias[row];
      for (std::size_t k = 0; k < weight.size(); ++k) {
        sum += static_cast<double>(weight[k]) * shift[k];
      }
      bias[row] = static_cast<float>(sum);
    }
  }

  // The same for a residual that is added to the linear's output.
  void absorb_residual(model::Linear& linear, const Vector& shift) {
    const std::span<float> bias = own(linear.bias);
    for (std::size_t k = 0; k < bias.size(); ++k) {
      bias[k] = static_cast<float>(static_cast<double>(bias[k]) + shift[k]);
    }
  }

 private:
  std::span<float> own(TensorView& bias) {
    const auto count = static_cast<std::size_t>(bias.elements());
    for (const auto& [data, values] : owned_) {
      if (data == bias.data) {
        return values;
      }
    }
    const std::span<float> values = free_.first(count);
    free_ = free_.subspan(count);
    checkpoint::read_floats(bias, 0, values);
    bias.dtype = DType::kF32;
    bias.data = std::as_bytes(values).data();
    owned_.emplace_back(bias.data, values);
    return values;
  }

  std::span<float> free_;
  std::vector<std::pair<const std::byte*, std::span<float>>> owned_;
};

Vector row_of(const TensorView& table, std::int64_t row, std::int64_t columns) {
  std::vector<float> values(static_cast<std::size_t>(columns));
  checkpoint::read_floats(table, static_cast<std::size_t>(row * columns), values);
  return {values.begin(), values.end()};
}

// What the embeddings' norm makes of the token that every pair starts with.
Vector first_row(const model::ModelSpec& spec, const model::ModelWeights& weights) {
  const std::int64_t h = spec.hidden_size;
  Vector row = row_of(weights.word_embeddings, spec.first_token_id, h);
  const Vector position = row_of(weights.position_embeddings, 0, h);
  const Vector type = row_of(weights.token_type_embeddings, 0, h);
  const Vector gain = row_of(weights.embedding_norm.weight, 0, h);
  const Vector bias = row_of(weights.embedding_norm.bias, 0, h);
  double mean = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    row[k] += position[k] + type[k];
    mean += row[k] / static_cast<double>(h);
  }
  double variance = 0;
  for (const double value : row) {
    variance += (value - mean) * (value - mean) / static_cast<double>(h);
  }
  const double deviation = std::sqrt(variance + static_cast<double>(spec.layer_norm_eps));
  for (std::size_t k = 0; k < row.size(); ++k) {
    row[k] = (row[k] - mean) / deviation * gain[k] + bias[k];
  }
  return row;
}

// Returns what the stream lacks afterwards.
Vector fold_embeddings(const model::ModelSpec& spec, model::ModelWeights& weights, Folder& folder) {
  if (spec.first_token_id < 0 || spec.first_token_id >= spec.vocab_size) {
    return folder.take(weights.embedding_norm.bias);
  }
  Vector shift = first_row(spec, weights);
  folder.subtract(weights.embedding_norm.bias, shift);
  return shift;
}

// `shift`: what the stream that enters the block lacks. Returns what the one that leaves it lacks.
Vector fold_block(model::Block& block, const Vector& shift, Folder& folder) {
  folder.absorb(block.query, shift);
  (void)folder.take(block.key.bias);
  folder.absorb(block.value, shift);
  folder.absorb(block.attention_output, folder.take(block.value.bias));
  folder.absorb_residual(block.attention_output, shift);
  const Vector inner = folder.take(block.attention_norm.bias);
  folder.absorb(block.intermediate, inner);
  folder.absorb_residual(block.output, inner);
  return folder.take(block.output_norm.bias);
}

}  // namespace

Result<FoldedModel> fold_biases(const model::ModelSpec& spec, const model::ModelWeights& weights) {
  RR_RETURN_IF_ERROR(check_shapes(spec, weights));
  FoldedModel folded{weights, AlignedMemory(bias_floats(spec) * sizeof(float))};
  Folder folder(folded.memory.as<float>());
  Vector shift = fold_embeddings(spec, folded.weights, folder);
  for (model::Block& block : folded.weights.blocks) {
    shift = fold_block(block, shift, folder);
  }
  folder.absorb(folded.weights.pooler, shift);
  return folded;
}

}  // namespace rr::engine
