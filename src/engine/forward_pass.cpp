#include "engine/forward_pass.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/packing.h"

namespace rr::engine {

namespace {

using kernels::Epilogue;
using kernels::GemmArgs;
using kernels::Storage;

// Rows are divided in multiples of this: whole tiles of every kernel, so that no product touches
// another's rows, and enough of them to pay for passing all weights.
constexpr std::int64_t kRowsTogether = 16;

Epilogue epilogue_of(model::Activation activation) {
  switch (activation) {
    case model::Activation::kGeluErf:
      return Epilogue::kBiasGeluErf;
    case model::Activation::kGeluTanh:
      return Epilogue::kBiasGeluTanh;
    case model::Activation::kRelu:
      return Epilogue::kBiasRelu;
  }
  return Epilogue::kBiasGeluErf;
}

TokenRange tokens_of(const Chunk& chunk, std::int64_t pair) {
  const auto at = static_cast<std::size_t>(pair);
  const int first = chunk.cu_seqlens[at];
  return {first - chunk.cu_seqlens[0], chunk.cu_seqlens[at + 1] - first};
}

// Which panels of a weight a product computes.
struct PanelRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// Which stretch of its depth; whole depth blocks.
struct DepthRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

const std::byte* weights_at(const PackedLinear& w, PanelRange range, DepthRange depth = {}) {
  const std::int64_t element = range.first * w.depth + depth.first;
  return w.panels + static_cast<std::size_t>(element * w.kernel->panel_columns) *
                        kernels::storage_bytes(w.kernel->weights);
}

// c[rows, range] = epilogue(a · w), a beginning at the stretch's first column. `residual` only with
// kBiasResidual. `next`: weights_at() of the product after this one, where it is not what follows.
void multiply(const PackedLinear& w,
              PanelRange range,
              DepthRange depth,
              Epilogue epilogue,
              const Rows& a,
              const Rows& c,
              std::int64_t rows,
              const Rows* residual,
              const std::byte* next) {
  const std::int64_t column = range.first * w.kernel->panel_columns;
  GemmArgs args{};
  args.a = a.data;
  args.a_stride = a.stride;
  args.a_scale = a.scale;
  args.b = weights_at(w, range, depth);
  args.next = next;
  args.b_scale = w.scale == nullptr ? nullptr : w.scale + column;
  args.b_offset = w.offset == nullptr ? nullptr : w.offset + column;
  args.bias = w.bias + column;
  if (residual != nullptr) {
    args.residual = residual->row_f32(0);
    args.residual_stride = residual->stride;
  }
  args.c = c.data;
  args.c_stride = c.stride;
  args.c_storage = c.storage;
  args.rows = rows;
  args.depth = depth.count;
  args.panel_depth = w.depth;
  args.panels = range.count;
  args.epilogue = epilogue;
  w.kernel->gemm(args);
}

PanelRange all_panels(const PackedLinear& w) {
  return {0, w.panel_count};
}

// The same over the whole depth.
void multiply(const PackedLinear& w,
              PanelRange range,
              Epilogue epilogue,
              const Rows& a,
              const Rows& c,
              std::int64_t rows,
              const Rows* residual = nullptr,
              const std::byte* next = nullptr) {
  multiply(w, range, {0, w.depth}, epilogue, a, c, rows, residual, next);
}

kernels::EmbedTable as_kernel_reads(const PackedTable& table) {
  return {table.rows, table.scale, table.storage};
}

// The same rows seen from a later column.
Rows columns_from(const Rows& rows, std::int64_t column) {
  Rows shifted = rows;
  shifted.data += column * static_cast<std::int64_t>(kernels::storage_bytes(rows.storage));
  return shifted;
}

// f32 rows as bf16, padded by zeros.
void to_half(const Rows& from,
             const Rows& to,
             std::int64_t columns,
             std::int64_t padded,
             std::int64_t rows) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* x = from.row_f32(row);
    auto* y = reinterpret_cast<std::uint16_t*>(to.row(row));
    std::transform(x, x + columns, y, [](float value) { return to_bfloat16(value).bits; });
    std::fill(y + columns, y + padded, std::uint16_t{0});
  }
}

}  // namespace

void ForwardPass::run(const Chunk& chunk, std::span<float> logits) const {
  const SharedChunk alone{chunk, logits, buffers_};
  for (int phase = 0; phase < phases(); ++phase) {
    run_item(alone, phase, 0);
  }
}

int ForwardPass::items(const SharedChunk& shared, int phase) const {
  const bool by_heads = phase % 2 == 1;
  if (by_heads) {
    return shared.head_parts;
  }
  return phase + 1 == phases() ? 1 : shared.row_parts;
}

// Phase 0 embeds, 1 + 2l attends in layer l, 2 + 2l finishes its rows, and the scores in the last.
void ForwardPass::run_item(const SharedChunk& shared, int phase, int item) const {
  if (phase == 0) {
    embed(shared, rows_of(shared, item));
    return;
  }
  const int layer = (phase - 1) / 2;
  const PackedBlock& block = model_.blocks[static_cast<std::size_t>(layer)];
  const bool attends = phase % 2 == 1;
  if (attends && is_last(layer)) {
    attend_scored(block, shared, heads_of(shared, item));
  } else if (attends) {
    attend_all(block, shared, heads_of(shared, item));
  } else if (is_last(layer)) {
    finish_scored(block, shared);
  } else {
    finish_rows(block, shared, rows_of(shared, item));
  }
}

int ForwardPass::row_parts_max(std::int64_t tokens) const {
  return static_cast<int>((tokens + kRowsTogether - 1) / kRowsTogether);
}

TokenRange ForwardPass::rows_of(const SharedChunk& shared, int item) const {
  const std::int64_t tokens = shared.tokens();
  const std::int64_t blocks = row_parts_max(tokens);
  const auto border = [&](std::int64_t part) {
    return std::min(tokens, blocks * part / shared.row_parts * kRowsTogether);
  };
  return {border(item), border(item + 1) - border(item)};
}

HeadRange ForwardPass::heads_of(const SharedChunk& shared, int item) const {
  const int groups = head_parts_max();
  return {groups * item / shared.head_parts * shape_.heads_at_least,
          groups * (item + 1) / shared.head_parts * shape_.heads_at_least};
}

void ForwardPass::embed(const SharedChunk& shared, TokenRange rows) const {
  const Chunk& chunk = shared.chunk;
  const Rows& hidden = shared.stream.hidden;
  kernels::EmbedArgs args{};
  args.words = as_kernel_reads(model_.word_embeddings);
  args.token_types = as_kernel_reads(model_.token_type_embeddings);
  args.positions = as_kernel_reads(model_.position_embeddings);
  args.y_stride = hidden.stride;
  args.columns = spec_.hidden_size;
  for (std::int64_t pair = 0; pair < shared.pairs(); ++pair) {
    const TokenRange of_pair = tokens_of(chunk, pair);
    const std::int64_t first = std::max(of_pair.first, rows.first);
    const std::int64_t end = std::min(of_pair.first + of_pair.count, rows.first + rows.count);
    if (first >= end) {
      continue;
    }
    args.rows = end - first;
    args.first_position = first - of_pair.first;
    args.input_ids = chunk.input_ids.data() + first;
    args.token_type_ids = chunk.token_type_ids.data() + first;
    args.y = hidden.row_f32(first);
    arithmetic_.embed(args);
  }
  normalise(model_.embedding_norm,
            hidden.from(rows.first),
            shared.stream.input.from(rows.first),
            rows.count);
}

void ForwardPass::attend_all(const PackedBlock& block,
                             const SharedChunk& shared,
                             HeadRange heads) const {
  const ForwardBuffers& stream = shared.stream;
  const std::int64_t tokens = shared.tokens();
  const Rows input = operand(block.qkv, stream.hidden, stream.input, spec_.hidden_size, tokens);
  for (int head = heads.first; head < heads.end; head += shape_.heads_at_once) {
    const HeadRange now = {head, std::min(heads.end, head + shape_.heads_at_once)};
    for (int segment = 0; segment < 3; ++segment) {
      project(block, segment, now, input, buffers_.qkv, tokens);
    }
    for (std::int64_t pair = 0; pair < shared.pairs(); ++pair) {
      const TokenRange rows = tokens_of(shared.chunk, pair);
      attend(now, buffers_.qkv.from(rows.first), rows, stream.context.from(rows.first), rows.count);
    }
  }
}

void ForwardPass::attend_scored(const PackedBlock& block,
                                const SharedChunk& shared,
                                HeadRange heads) const {
  const ForwardBuffers& stream = shared.stream;
  const std::int64_t tokens = shared.tokens();
  const std::int64_t pairs = shared.pairs();
  gather_scored(shared);
  to_input(buffers_.scored_hidden, buffers_.scored_input, spec_.hidden_size, pairs);
  for (int head = heads.first; head < heads.end; head += shape_.heads_at_once) {
    const HeadRange now = {head, std::min(heads.end, head + shape_.heads_at_once)};
    // `half` holds one of the two at a time.
    const Rows scored =
        operand(block.qkv, buffers_.scored_hidden, buffers_.scored_input, spec_.hidden_size, pairs);
    project(block, 0, now, scored, buffers_.scored_query, pairs);
    const Rows input = operand(block.qkv, stream.hidden, stream.input, spec_.hidden_size, tokens);
    project(block, 1, now, input, buffers_.qkv, tokens);
    project(block, 2, now, input, buffers_.qkv, tokens);
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
      attend(now,
             buffers_.scored_query.from(pair),
             tokens_of(shared.chunk, pair),
             stream.context.from(pair),
             1);
    }
  }
}

void ForwardPass::finish_rows(const PackedBlock& block,
                              const SharedChunk& shared,
                              TokenRange rows) const {
  const ForwardBuffers& stream = shared.stream;
  finish(block,
         stream.context.from(rows.first),
         stream.context_input.from(rows.first),
         stream.hidden.from(rows.first),
         stream.input.from(rows.first),
         rows.count);
}

void ForwardPass::finish_scored(const PackedBlock& block, const SharedChunk& shared) const {
  gather_scored(shared);
  finish(block,
         shared.stream.context,
         shared.stream.context_input,
         buffers_.scored_hidden,
         buffers_.scored_input,
         shared.pairs());
  score(shared.logits);
}

void ForwardPass::gather_scored(const SharedChunk& shared) const {
  for (std::int64_t pair = 0; pair < shared.pairs(); ++pair) {
    const float* cls = shared.stream.hidden.row_f32(tokens_of(shared.chunk, pair).first);
    std::copy(cls, cls + buffers_.hidden.stride, buffers_.scored_hidden.row_f32(pair));
  }
}

// Queries, keys or values (segment 0, 1, 2) of the heads that are there at once.
void ForwardPass::project(const PackedBlock& block,
                          int segment,
                          HeadRange heads,
                          const Rows& a,
                          const Rows& c,
                          std::int64_t rows) const {
  const kernels::LinearKernel& kernel = *block.qkv.kernel;
  const std::int64_t columns_each = spec_.head_size();
  const std::int64_t count = kernels::panel_count(kernel, (heads.end - heads.first) * columns_each);
  const auto panels = [&](int of_segment, int of_head) {
    const std::int64_t first = of_segment * block.qkv.segment_columns + of_head * columns_each;
    return PanelRange{first / kernel.panel_columns, count};
  };
  const std::byte* next = block.attention_output.panels;
  if (segment < 2) {
    next = weights_at(block.qkv, panels(segment + 1, heads.first));
  } else if (heads.end < spec_.num_attention_heads) {
    next = weights_at(block.qkv, panels(0, heads.end));
  }
  multiply(block.qkv,
           panels(segment, heads.first),
           Epilogue::kBias,
           a,
           columns_from(c, segment * buffers_.qkv_columns),
           rows,
           nullptr,
           next);
}

void ForwardPass::score(std::span<float> logits) const {
  const auto pairs = static_cast<std::int64_t>(logits.size());
  multiply(model_.pooler,
           all_panels(model_.pooler),
           Epilogue::kBiasTanh,
           buffers_.scored_hidden,
           buffers_.pooled,
           pairs);
  multiply(model_.classifier,
           all_panels(model_.classifier),
           Epilogue::kBias,
           buffers_.pooled,
           buffers_.logits,
           pairs);
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    logits[static_cast<std::size_t>(pair)] = *buffers_.logits.row_f32(pair);
  }
}

// The heads that are there at once: queries over one pair's tokens.
void ForwardPass::attend(HeadRange heads,
                         const Rows& query,
                         TokenRange tokens,
                         const Rows& context,
                         std::int64_t queries) const {
  kernels::AttentionArgs args{};
  args.q_stride = query.stride;
  args.kv_stride = buffers_.qkv.stride;
  args.out_stride = context.stride;
  args.out_storage = context.storage;
  args.queries = queries;
  args.keys = tokens.count;
  args.head_size = spec_.head_size();
  args.scale = 1.0F / std::sqrt(static_cast<float>(spec_.head_size()));
  args.scratch = buffers_.attention_scratch;
  const Rows keys = buffers_.qkv.from(tokens.first);
  for (int head = heads.first; head < heads.end; ++head) {
    const std::int64_t column = (head - heads.first) * args.head_size;
    args.q = columns_from(query, column).data;
    args.k = columns_from(keys, buffers_.qkv_columns + column).data;
    args.v = columns_from(keys, 2 * buffers_.qkv_columns + column).data;
    args.out = columns_from(context, head * args.head_size).data;
    arithmetic_.attention(args);
  }
}

// The next product reads whole depth blocks.
void ForwardPass::zero_pads(const Rows& context, std::int64_t rows) const {
  const auto h = static_cast<std::int64_t>(spec_.hidden_size);
  const std::int64_t padded = kernels::padded_depth(*arithmetic_.linear, h);
  for (std::int64_t row = 0; h < padded && row < rows; ++row) {
    std::memset(columns_from(context.from(row), h).data,
                0,
                static_cast<std::size_t>(padded - h) * kernels::storage_bytes(context.storage));
  }
}

void ForwardPass::finish(const PackedBlock& block,
                         const Rows& context,
                         const Rows& context_input,
                         const Rows& hidden,
                         const Rows& input,
                         std::int64_t rows) const {
  zero_pads(context, rows);
  to_input(context, context_input, spec_.hidden_size, rows);
  multiply(block.attention_output,
           all_panels(block.attention_output),
           Epilogue::kBiasResidual,
           operand(block.attention_output, context, context_input, spec_.hidden_size, rows),
           hidden,
           rows,
           &hidden,
           block.intermediate.panels);
  normalise(block.attention_norm, hidden, input, rows);
  feed_forward(block, hidden, input, rows);
}

void ForwardPass::feed_forward(const PackedBlock& block,
                               const Rows& hidden,
                               const Rows& input,
                               std::int64_t rows) const {
  for (std::int64_t row = 0; row < rows; row += shape_.feed_forward_rows) {
    const std::int64_t count = std::min(shape_.feed_forward_rows, rows - row);
    feed_forward_rows(block, hidden.from(row), input.from(row), count);
  }
  normalise(block.output_norm, hidden, input, rows);
}

// The intermediate layer comes and goes a stretch of its columns at a time.
void ForwardPass::feed_forward_rows(const PackedBlock& block,
                                    const Rows& hidden,
                                    const Rows& input,
                                    std::int64_t rows) const {
  const Rows from = operand(block.intermediate, hidden, input, spec_.hidden_size, rows);
  const std::int64_t width = block.intermediate.kernel->panel_columns;
  const std::int64_t panels = (shape_.inner_columns + width - 1) / width;
  for (std::int64_t first = 0; first < block.intermediate.panel_count; first += panels) {
    const std::int64_t now = std::min(panels, block.intermediate.panel_count - first);
    const bool last = first + now == block.intermediate.panel_count;
    const std::int64_t begin = first * width;
    const DepthRange depth = {begin, last ? block.output.depth - begin : now * width};
    multiply(block.intermediate,
             {first, now},
             epilogue_of(spec_.activation),
             from,
             buffers_.inner,
             rows,
             nullptr,
             weights_at(block.output, {}, depth));
    to_input(buffers_.inner, buffers_.inner_input, shape_.inner_columns, rows);
    multiply(
        block.output,
        all_panels(block.output),
        depth,
        first == 0 ? Epilogue::kBiasResidual : Epilogue::kAccumulate,
        operand(block.output, buffers_.inner, buffers_.inner_input, shape_.inner_columns, rows),
        hidden,
        rows,
        &hidden,
        last ? nullptr : weights_at(block.intermediate, {first + now, 0}));
  }
}

void ForwardPass::normalise(const PackedNorm& norm,
                            const Rows& hidden,
                            const Rows& input,
                            std::int64_t rows) const {
  kernels::LayerNormArgs args{};
  args.x = hidden.row_f32(0);
  args.x_stride = hidden.stride;
  args.weight = norm.weight;
  args.bias = norm.bias;
  args.eps = spec_.layer_norm_eps;
  args.y = hidden.row_f32(0);
  args.y_stride = hidden.stride;
  if (input.storage == Storage::kBf16) {
    args.y_bf16 = reinterpret_cast<std::uint16_t*>(input.data);
    args.y_bf16_stride = input.stride;
  }
  args.rows = rows;
  args.columns = spec_.hidden_size;
  args.padded_columns = kernels::padded_depth(*arithmetic_.linear, spec_.hidden_size);
  arithmetic_.layer_norm(args);
  if (input.storage != Storage::kBf16) {
    to_input(hidden, input, spec_.hidden_size, rows);
  }
}

Rows ForwardPass::operand(const PackedLinear& w,
                          const Rows& exact,
                          const Rows& input,
                          std::int64_t columns,
                          std::int64_t rows) const {
  if (w.kernel == arithmetic_.linear) {
    return input;
  }
  if (w.kernel->activations == Storage::kF32) {
    return exact;
  }
  const Rows& half = columns == spec_.hidden_size ? buffers_.half : buffers_.half_inner;
  to_half(exact, half, columns, w.depth, rows);
  return half;
}

// f32 rows to what the product reads; nothing to do where both are the same rows.
void ForwardPass::to_input(const Rows& from,
                           const Rows& to,
                           std::int64_t columns,
                           std::int64_t rows) const {
  if (to.data == from.data) {
    return;
  }
  const std::int64_t padded = kernels::padded_depth(*arithmetic_.linear, columns);
  if (to.storage == Storage::kBf16) {
    to_half(from, to, columns, padded, rows);
    return;
  }
  kernels::QuantizeArgs args{};
  args.x = from.row_f32(0);
  args.x_stride = from.stride;
  args.y = to.data;
  args.y_storage = to.storage;
  args.y_stride = to.stride;
  args.scale = to.scale;
  args.rows = rows;
  args.columns = columns;
  args.padded_columns = padded;
  args.limit = arithmetic_.linear->activation_limit;
  args.zero_point = arithmetic_.linear->zero_point;
  arithmetic_.quantize(args);
}

}  // namespace rr::engine
