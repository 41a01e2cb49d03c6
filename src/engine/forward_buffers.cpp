#include "engine/forward_buffers.h"

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

ForwardBuffers lay_out_buffers(const model::ModelSpec& spec,
                               const Arithmetic& arithmetic,
                               const BufferShape& shape,
                               Workspace& memory) {
  const std::int64_t h = spec.hidden_size;
  const Storage input = arithmetic.linear->activations;
  const Storage attention = arithmetic.attention_storage;
  const Storage inner = input == Storage::kBf16 ? Storage::kBf16 : Storage::kF32;
  // Three segments of H, each rounded up to whole panels.
  const std::int64_t qkv_columns = 3 * kernels::padded_columns(*arithmetic.linear, h);
  // A product may read, not use, rows after the last one it is asked for.
  const std::int64_t beyond = arithmetic.linear->row_block - 1;
  const std::int64_t rows = shape.rows + beyond;
  const std::int64_t wide_rows = shape.feed_forward_rows + beyond;
  const std::int64_t pairs = shape.pairs + beyond;
  ForwardBuffers buffers;
  // The residual stream of every token.
  buffers.hidden = take_rows(memory, shape.rows, h, Storage::kF32);
  // Its copy in the products' storage; fp32 products read the residual stream itself.
  buffers.input = input == Storage::kF32 ? buffers.hidden : take_rows(memory, rows, h, input);
  // Queries, keys and values of every token.
  buffers.qkv = take_rows(memory, shape.rows, qkv_columns, attention);
  // Attention's output, and its copy in int8.
  buffers.context = take_rows(memory, rows, h, inner);
  buffers.context_input = input == inner ? buffers.context : take_rows(memory, rows, h, input);
  // The wide rows of a few tokens at a time, and their copy in int8.
  buffers.inner = take_rows(memory, wide_rows, spec.intermediate_size, inner);
  buffers.inner_input =
      input == inner ? buffers.inner : take_rows(memory, wide_rows, spec.intermediate_size, input);
  // The last layer, pooler and score of one row per pair.
  buffers.scored_hidden = take_rows(memory, shape.pairs, h, Storage::kF32);
  buffers.scored_input =
      input == Storage::kF32 ? buffers.scored_hidden : take_rows(memory, pairs, h, input);
  buffers.scored_query = take_rows(memory, shape.pairs, h, attention);
  buffers.pooled = take_rows(memory, shape.pairs, h, Storage::kF32);
  buffers.logits = take_rows(memory, shape.pairs, 1, Storage::kF32);
  // Packed keys and values and a strip of scores, of one head at a time.
  buffers.attention_scratch =
      memory.take_bytes(kernels::attention_scratch_bytes(shape.max_seqlen, spec.head_size()));
  return buffers;
}

}  // namespace rr::engine
