#include "engine/packed_model.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>

#include "engine/fold_biases.h"
#include "kernels/packing.h"

namespace rr::engine {

namespace {

using checkpoint::read_floats;
using checkpoint::TensorView;
using kernels::LinearKernel;
using kernels::Storage;

// Walks the model once per Workspace: first measuring (pieces are null, nothing is written), then
// filling. Both walks take the same pieces in the same order.
class Packer {
 public:
  explicit Packer(Workspace& memory) : memory_(memory) {}

  void linear(const LinearKernel& kernel,
              std::initializer_list<const model::Linear*> segments,
              std::int64_t columns,
              std::int64_t depth,
              PackedLinear& to) {
    const auto count = static_cast<std::int64_t>(segments.size());
    to.kernel = &kernel;
    to.segment_columns = kernels::padded_columns(kernel, columns);
    to.panel_count = kernels::panel_count(kernel, columns) * count;
    to.depth = kernels::padded_depth(kernel, depth);
    const auto padded = static_cast<std::size_t>(to.segment_columns * count);
    const std::size_t segment_bytes = kernels::packed_bytes(kernel, columns, depth);
    to.panels = memory_.take_bytes(segment_bytes * segments.size());
    to.bias = memory_.take<float>(padded);
    if (kernel.weights == Storage::kI8) {
      to.scale = memory_.take<float>(padded);
      to.offset = memory_.take<std::int32_t>(padded);
    }
    std::size_t segment = 0;
    for (const model::Linear* source : segments) {
      const std::size_t first = segment * static_cast<std::size_t>(to.segment_columns);
      pack_segment(kernel, *source, columns, depth, segment * segment_bytes, first, to);
      ++segment;
    }
  }

  void norm(const model::LayerNorm& source, std::int64_t columns, PackedNorm& to) {
    to.weight = floats(source.weight, columns);
    to.bias = floats(source.bias, columns);
  }

  void table(const TensorView& source,
             std::int64_t rows,
             std::int64_t columns,
             Storage storage,
             PackedTable& to) {
    expect(source, {rows, columns});
    to.storage = storage;
    to.columns = columns;
    const auto count = static_cast<std::size_t>(rows * columns);
    to.rows = memory_.take_bytes(count * kernels::storage_bytes(to.storage));
    to.scale =
        to.storage == Storage::kI8 ? memory_.take<float>(static_cast<std::size_t>(rows)) : nullptr;
    if (to.rows == nullptr || !status_.ok()) {
      return;
    }
    if (to.storage == Storage::kI8 && source.dtype == DType::kI8) {
      std::memcpy(to.rows, source.data, count);
      const std::vector<float> scales = scales_of(source);
      std::copy(scales.begin(), scales.end(), to.scale);
      return;
    }
    std::vector<float> row(static_cast<std::size_t>(columns));
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
      read_floats(source, r * row.size(), row);
      store_row(row, r, to);
    }
  }

  const Status& status() const { return status_; }

 private:
  void expect(const TensorView& tensor, const std::vector<std::int64_t>& shape) {
    const bool float_type = tensor.dtype != DType::kI8 || tensor.scale != nullptr;
    if (status_.ok() && (tensor.shape != shape || tensor.data == nullptr || !float_type)) {
      status_ = Status(Code::kInvalidArgument,
                       "[engine] tensor \"" + tensor.name +
                           "\" has not the shape or type that the model's spec wants");
    }
  }

  void pack_segment(const LinearKernel& kernel,
                    const model::Linear& source,
                    std::int64_t columns,
                    std::int64_t depth,
                    std::size_t byte_offset,
                    std::size_t first_column,
                    PackedLinear& to) {
    expect(source.weight, {columns, depth});
    expect(source.bias, {columns});
    if (to.panels == nullptr || !status_.ok()) {
      return;
    }
    const bool int8 = kernel.weights == Storage::kI8;
    const kernels::PackedSegment segment = {to.panels + byte_offset,
                                            int8 ? to.scale + first_column : nullptr,
                                            int8 ? to.offset + first_column : nullptr};
    const auto count = static_cast<std::size_t>(columns * depth);
    if (int8 && source.weight.dtype == DType::kI8) {
      const auto* values = reinterpret_cast<const std::int8_t*>(source.weight.data);
      kernels::pack_int8_weight(
          kernel, {values, count}, scales_of(source.weight), columns, depth, segment);
    } else {
      std::vector<float> weight(count);
      read_floats(source.weight, 0, weight);
      kernels::pack_weight(kernel, weight, columns, depth, segment);
    }
    read_floats(source.bias, 0, {to.bias + first_column, static_cast<std::size_t>(columns)});
  }

  float* floats(const TensorView& source, std::int64_t columns) {
    expect(source, {columns});
    auto* to = memory_.take<float>(static_cast<std::size_t>(columns));
    if (to != nullptr && status_.ok()) {
      read_floats(source, 0, {to, static_cast<std::size_t>(columns)});
    }
    return to;
  }

  static void store_row(std::span<const float> row, std::size_t index, PackedTable& to) {
    const std::size_t begin = index * row.size();
    if (to.storage == Storage::kF32) {
      std::copy(row.begin(), row.end(), reinterpret_cast<float*>(to.rows) + begin);
    } else if (to.storage == Storage::kI8) {
      to.scale[index] = kernels::quantize_row(row, reinterpret_cast<std::int8_t*>(to.rows) + begin);
    } else {
      auto* bits = reinterpret_cast<std::uint16_t*>(to.rows) + begin;
      std::transform(
          row.begin(), row.end(), bits, [](float value) { return to_bfloat16(value).bits; });
    }
  }

  static std::vector<float> scales_of(const TensorView& tensor) {
    std::vector<float> scales(static_cast<std::size_t>(tensor.shape[0]));
    std::memcpy(scales.data(), tensor.scale, scales.size() * sizeof(float));
    return scales;
  }

  Workspace& memory_;
  Status status_;
};

void walk_block(const model::ModelSpec& spec,
                const model::Block& source,
                const Arithmetic& arithmetic,
                Packer& packer,
                PackedBlock& to) {
  const std::int64_t h = spec.hidden_size;
  const std::int64_t i = spec.intermediate_size;
  const auto kernel_of = [&](const model::Linear& linear) -> const LinearKernel& {
    const bool kept = arithmetic.kept != nullptr && spec.keeps_bf16(linear.weight.name);
    return kept ? *arithmetic.kept : *arithmetic.linear;
  };
  packer.linear(kernel_of(source.query), {&source.query, &source.key, &source.value}, h, h, to.qkv);
  packer.linear(
      kernel_of(source.attention_output), {&source.attention_output}, h, h, to.attention_output);
  packer.norm(source.attention_norm, h, to.attention_norm);
  packer.linear(kernel_of(source.intermediate), {&source.intermediate}, i, h, to.intermediate);
  packer.linear(kernel_of(source.output), {&source.output}, h, i, to.output);
  packer.norm(source.output_norm, h, to.output_norm);
}

Status walk_model(const model::ModelSpec& spec,
                  const model::ModelWeights& weights,
                  const Arithmetic& arithmetic,
                  PackedModel& to) {
  Packer packer(to.memory);
  const std::int64_t h = spec.hidden_size;
  const auto table = [&](const TensorView& source, std::int64_t rows, PackedTable& packed) {
    const bool kept = arithmetic.kept != nullptr && spec.keeps_bf16(source.name);
    packer.table(source, rows, h, kept ? Storage::kBf16 : arithmetic.embeddings, packed);
  };
  table(weights.word_embeddings, spec.vocab_size, to.word_embeddings);
  table(weights.position_embeddings, spec.max_position_embeddings, to.position_embeddings);
  table(weights.token_type_embeddings, spec.type_vocab_size, to.token_type_embeddings);
  packer.norm(weights.embedding_norm, h, to.embedding_norm);
  to.blocks.resize(weights.blocks.size());
  for (std::size_t layer = 0; layer < weights.blocks.size(); ++layer) {
    walk_block(spec, weights.blocks[layer], arithmetic, packer, to.blocks[layer]);
  }
  packer.linear(*arithmetic.head, {&weights.pooler}, h, h, to.pooler);
  packer.linear(*arithmetic.head, {&weights.classifier}, 1, h, to.classifier);
  return packer.status();
}

Result<PackedModel> pack_as_given(const model::ModelSpec& spec,
                                  const model::ModelWeights& weights,
                                  const Arithmetic& arithmetic) {
  PackedModel packed;
  RR_RETURN_IF_ERROR(walk_model(spec, weights, arithmetic, packed));
  packed.memory = Workspace(packed.memory.used_bytes());
  RR_RETURN_IF_ERROR(walk_model(spec, weights, arithmetic, packed));
  return packed;
}

}  // namespace

Result<PackedModel> pack_model(const model::ModelSpec& spec,
                               const model::ModelWeights& weights,
                               const Arithmetic& arithmetic) {
  const LinearKernel& linear = *arithmetic.linear;
  const bool whole = linear.activations == Storage::kF32 && linear.weights == Storage::kF32;
  const bool exact = whole || linear.activations == Storage::kBf16x3;
  if (exact || spec.biases_folded) {
    return pack_as_given(spec, weights, arithmetic);
  }
  // Products that round get the model with its biases out of their way.
  RR_ASSIGN_OR_RETURN(const FoldedModel folded, fold_biases(spec, weights));
  return pack_as_given(spec, folded.weights, arithmetic);
}

}  // namespace rr::engine
