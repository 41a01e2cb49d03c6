#include "engine/forward_buffers.h"

#include <algorithm>

#include "kernels/packing.h"

namespace rr::engine {

namespace {

using kernels::Storage;

Rows take_rows(Workspace& memory, std::int64_t rows, std::int64_t columns, Storage storage) {
  Rows taken;
  taken.storage = storage;
  taken.stride = kernels::row_stride(columns, storage);
  taken.data = memory.take_bytes(static_cast<std::size_t>(rows * taken.stride) *
                                 kernels::storage_bytes(storage));
  if (is_quantized(storage)) {
    taken.scale = memory.take<float>(static_cast<std::size_t>(rows));
  }
  return taken;
}

const kernels::LinearKernel& kept_or_linear(const Arithmetic& arithmetic) {
  return arithmetic.kept == nullptr ? *arithmetic.linear : *arithmetic.kept;
}

// The fewest heads, of a number that divides all of them, with at least so many columns in whole
// panels; else all.
int heads_of_whole_panels(const model::ModelSpec& spec,
                          const Arithmetic& arithmetic,
                          int columns_min) {
  // Of two kernels one's panels are whole parts of the other's.
  const int panel =
      std::max(arithmetic.linear->panel_columns, kept_or_linear(arithmetic).panel_columns);
  const int all = spec.num_attention_heads;
  for (int heads = 1; heads < all; ++heads) {
    const int columns = heads * spec.head_size();
    if (all % heads == 0 && columns >= columns_min && columns % panel == 0) {
      return heads;
    }
  }
  return all;
}

}  // namespace

std::byte* Rows::row(std::int64_t index) const {
  return data + index * stride * static_cast<std::int64_t>(kernels::storage_bytes(storage));
}

Rows Rows::from(std::int64_t index) const {
  Rows rest = *this;
  rest.data = row(index);
  rest.scale = scale == nullptr ? nullptr : scale + index;
  return rest;
}

int heads_at_once(const model::ModelSpec& spec, const Arithmetic& arithmetic) {
  constexpr int kColumnsMin = 128;
  return heads_of_whole_panels(spec, arithmetic, kColumnsMin);
}

int heads_at_least(const model::ModelSpec& spec, const Arithmetic& arithmetic) {
  return heads_of_whole_panels(spec, arithmetic, 1);
}

ForwardBuffers lay_out_buffers(const model::ModelSpec& spec,
                               const Arithmetic& arithmetic,
                               const BufferShape& shape,
                               Workspace& memory) {
  const std::int64_t h = spec.hidden_size;
  const Storage input = arithmetic.linear->activations;
  const Storage attention = arithmetic.attention_storage;
  const Storage inner = input == Storage::kBf16 ? Storage::kBf16 : Storage::kF32;
  // A product may touch, not use, rows after the last one it is asked for.
  const kernels::LinearKernel& kept = kept_or_linear(arithmetic);
  const std::int64_t beyond = std::max(arithmetic.linear->row_block, kept.row_block) - 1;
  const std::int64_t rows = shape.rows + beyond;
  const std::int64_t wide_rows = shape.feed_forward_rows + beyond;
  const std::int64_t pairs = shape.pairs + beyond;
  ForwardBuffers buffers;
  const std::int64_t columns = std::int64_t{shape.heads_at_once} * spec.head_size();
  buffers.qkv_columns = std::max(kernels::padded_columns(*arithmetic.linear, columns),
                                 kernels::padded_columns(kept, columns));
  // The residual stream of every token.
  buffers.hidden = take_rows(memory, rows, h, Storage::kF32);
  // Its copy in the products' storage; fp32 products read the residual stream itself.
  buffers.input = input == Storage::kF32 ? buffers.hidden : take_rows(memory, rows, h, input);
  // Queries, keys and values of every token, of some heads.
  buffers.qkv = take_rows(memory, shape.rows, 3 * buffers.qkv_columns, attention);
  // Attention's output, and its copy in int8.
  buffers.context = take_rows(memory, rows, h, inner);
  buffers.context_input = input == inner ? buffers.context : take_rows(memory, rows, h, input);
  // The wide rows of a few tokens at a time, and their copy in int8.
  buffers.inner = take_rows(memory, wide_rows, shape.inner_columns, inner);
  buffers.inner_input =
      input == inner ? buffers.inner : take_rows(memory, wide_rows, shape.inner_columns, input);
  if (arithmetic.kept != nullptr && kept.activations == Storage::kBf16) {
    buffers.half = take_rows(memory, rows, h, Storage::kBf16);
    buffers.half_inner = take_rows(memory, wide_rows, shape.inner_columns, Storage::kBf16);
  }
  // The last layer, pooler and score of one row per pair.
  buffers.scored_hidden = take_rows(memory, pairs, h, Storage::kF32);
  buffers.scored_input =
      input == Storage::kF32 ? buffers.scored_hidden : take_rows(memory, pairs, h, input);
  buffers.scored_query = take_rows(memory, shape.pairs, buffers.qkv_columns, attention);
  buffers.pooled = take_rows(memory, shape.pairs, h, Storage::kF32);
  buffers.logits = take_rows(memory, shape.pairs, 1, Storage::kF32);
  // Packed keys and values and a strip of scores, of one head at a time.
  buffers.attention_scratch =
      memory.take_bytes(kernels::attention_scratch_bytes(shape.max_seqlen, spec.head_size()));
  return buffers;
}

}  // namespace rr::engine
