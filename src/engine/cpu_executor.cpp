#include "engine/cpu_executor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/crew.h"
#include "engine/forward_buffers.h"
#include "engine/forward_pass.h"
#include "engine/packed_model.h"

namespace rr::engine {

namespace {

constexpr int kThreadsMax = 1024;
constexpr int kBatchTokens = 1024;
constexpr int kChunkTokens = 256;
constexpr int kChunkPairs = 64;
constexpr int kFeedForwardRows = 126;  // whole register tiles of 14 and of 6 rows
// Where products run in tiles, a chunk passes its weights faster than they come from the
// third-level cache unless it has this many rows (docs/decisions/016).
constexpr int kTileChunkTokens = 512;
constexpr int kTileFeedForwardRows = 256;

Status invalid(std::string message) {
  return Status(Code::kInvalidArgument, "[engine] " + std::move(message));
}

Status check_spec(const model::ModelSpec& spec, const model::ModelWeights& weights) {
  const bool sizes = spec.hidden_size > 0 && spec.num_attention_heads > 0 &&
                     spec.hidden_size % spec.num_attention_heads == 0 &&
                     spec.intermediate_size > 0 && spec.num_hidden_layers > 0 &&
                     spec.vocab_size > 0 && spec.max_position_embeddings > 0 &&
                     spec.type_vocab_size > 0;
  if (!sizes || weights.blocks.size() != static_cast<std::size_t>(spec.num_hidden_layers)) {
    return invalid("the model's sizes do not fit together");
  }
  return {};
}

// Rows that pass through the feed-forward layer together. Tiles want many per visit to a panel of
// weights, but rows of three parts are so wide that few fit the second-level cache.
std::int64_t feed_forward_rows(const model::ModelSpec& spec, const kernels::LinearKernel& kernel) {
  if (kernel.row_block == 1) {
    return kFeedForwardRows;
  }
  if (kernel.activations != kernels::Storage::kBf16x3) {
    return kTileFeedForwardRows;
  }
  constexpr std::int64_t kBytesMax = 1 << 20;
  constexpr std::int64_t kRowsMin = 64;
  const std::int64_t row_bytes = spec.intermediate_size * std::int64_t{6};
  const std::int64_t fitting = kBytesMax / row_bytes / kernel.row_block * kernel.row_block;
  return std::clamp<std::int64_t>(fitting, kRowsMin, kTileFeedForwardRows);
}

// Columns of the intermediate layer that pass through the feed-forward layer together where the
// second product can take up its sums: the fewer, the better they fit the second-level cache; the
// more, the less often the residual stream comes and goes.
int inner_stretch(const model::ModelSpec& spec) {
  constexpr int kWideModel = 768;
  return spec.hidden_size >= kWideModel ? 768 : 512;
}

BufferShape shape_of(const model::ModelSpec& spec,
                     const Arithmetic& arithmetic,
                     const CpuExecutorOptions& options) {
  const kernels::LinearKernel& linear = *arithmetic.linear;
  const bool many = linear.row_block > 1 && linear.activations != kernels::Storage::kBf16x3;
  BufferShape shape;
  shape.max_seqlen = options.max_seqlen == 0
                         ? spec.max_position_embeddings
                         : std::min(options.max_seqlen, spec.max_position_embeddings);
  shape.chunk_tokens = many ? kTileChunkTokens : kChunkTokens;
  shape.rows = std::max(shape.chunk_tokens, shape.max_seqlen);
  shape.feed_forward_rows = feed_forward_rows(spec, linear);
  shape.inner_columns = spec.intermediate_size;
  if (arithmetic.linear->accumulates) {
    shape.feed_forward_rows = shape.chunk_tokens;
    shape.inner_columns = std::min(spec.intermediate_size, inner_stretch(spec));
  }
  shape.pairs = kChunkPairs;
  shape.heads_at_once = heads_at_once(spec, arithmetic);
  shape.heads_at_least = heads_at_least(spec, arithmetic);
  return shape;
}

class CpuExecutor final : public Executor {
 public:
  CpuExecutor(const model::ModelSpec& spec,
              Arithmetic arithmetic,
              PackedModel model,
              const BufferShape& shape,
              const CpuExecutorOptions& options)
      : spec_(spec),
        arithmetic_(std::move(arithmetic)),
        model_(std::move(model)),
        shape_(shape),
        batch_tokens_(options.batch_tokens > 0 ? options.batch_tokens : kBatchTokens),
        crew_(options.threads, ForwardPass::phases(spec)) {
    Workspace measured;
    lay_out_buffers(spec_, arithmetic_, shape_, measured);
    for (int worker = 0; worker < options.threads; ++worker) {
      workspaces_.emplace_back(measured.used_bytes());
      passes_.emplace_back(spec_,
                           arithmetic_,
                           model_,
                           shape_,
                           lay_out_buffers(spec_, arithmetic_, shape_, workspaces_.back()));
    }
    items_.assign(passes_.size(), std::vector<int>(passes_.front().phases()));
    info_.backend = "cpu";
    info_.device = "cpu";
    info_.isa = kernels::isa_name(arithmetic_.isa);
    info_.quantization = quantization_name(arithmetic_.quantization);
    info_.numerics = arithmetic_.numerics;
    info_.weight_bytes = model_.memory.used_bytes();
    info_.workspace_bytes = measured.used_bytes() * workspaces_.size();
  }

  int workers() const override { return static_cast<int>(passes_.size()); }
  int batch_tokens() const override { return batch_tokens_; }
  int max_seqlen() const override { return static_cast<int>(shape_.max_seqlen); }
  const ExecutorInfo& info() const override { return info_; }

  Status score(int worker, const PackedBatch& batch, std::span<float> logits) override {
    RR_RETURN_IF_ERROR(check_batch(worker, batch, logits));
    const Crew::Seat seat(crew_, worker);
    std::size_t pair = 0;
    while (pair < logits.size()) {
      const std::size_t end = chunk_end(batch.cu_seqlens, pair);
      const auto first = static_cast<std::size_t>(batch.cu_seqlens[pair]);
      const auto count = static_cast<std::size_t>(batch.cu_seqlens[end]) - first;
      const Chunk chunk = {batch.input_ids.subspan(first, count),
                           batch.token_type_ids.subspan(first, count),
                           batch.cu_seqlens.subspan(pair, end - pair + 1)};
      const std::span<float> of_chunk = logits.subspan(pair, end - pair);
      if (!batch.alone || !run_shared(worker, chunk, of_chunk)) {
        passes_[static_cast<std::size_t>(worker)].run(chunk, of_chunk);
      }
      pair = end;
    }
    return check_finite(logits);
  }

 private:
  // With the help of idle workers; false, and nothing is done, where it would not pay.
  bool run_shared(int worker, const Chunk& chunk, std::span<float> logits) {
    const ForwardPass& leader = passes_[static_cast<std::size_t>(worker)];
    SharedChunk shared{chunk, logits, leader.buffers()};
    shared.row_parts =
        std::min({leader.row_parts_max(shared.tokens()), workers(), Crew::kItemsMax});
    if (shared.row_parts == 1) {
      return false;
    }
    shared.head_parts = std::min(leader.head_parts_max(), Crew::kItemsMax);
    std::vector<int>& items = items_[static_cast<std::size_t>(worker)];
    for (int phase = 0; phase < leader.phases(); ++phase) {
      items[static_cast<std::size_t>(phase)] = leader.items(shared, phase);
    }
    return crew_.run(worker, shared.row_parts - 1, items, [&](int member, int phase, int item) {
      passes_[static_cast<std::size_t>(member)].run_item(shared, phase, item);
    });
  }

  // As many whole pairs from `begin` as fit a chunk, at least one.
  std::size_t chunk_end(std::span<const int> cu_seqlens, std::size_t begin) const {
    std::size_t end = begin + 1;
    while (end + 1 < cu_seqlens.size() && end - begin < kChunkPairs &&
           cu_seqlens[end + 1] - cu_seqlens[begin] <= shape_.chunk_tokens) {
      ++end;
    }
    return end;
  }

  Status check_batch(int worker, const PackedBatch& batch, std::span<float> logits) const {
    const std::span<const int> ends = batch.cu_seqlens;
    const std::size_t tokens = batch.input_ids.size();
    if (worker < 0 || worker >= workers()) {
      return invalid("no worker " + std::to_string(worker));
    }
    if (ends.size() != logits.size() + 1 || ends.front() != 0 ||
        static_cast<std::size_t>(ends.back()) != tokens || batch.token_type_ids.size() != tokens) {
      return invalid("cu_seqlens, input_ids, token_type_ids and logits do not fit together");
    }
    for (std::size_t pair = 0; pair < logits.size(); ++pair) {
      const std::int64_t length = std::int64_t{ends[pair + 1]} - ends[pair];
      if (length < 1 || length > shape_.max_seqlen) {
        return invalid("pair " + std::to_string(pair) + " has " + std::to_string(length) +
                       " tokens; wants 1 to " + std::to_string(shape_.max_seqlen));
      }
    }
    for (std::size_t token = 0; token < tokens; ++token) {
      const TokenId id = batch.input_ids[token];
      const TokenId type = batch.token_type_ids[token];
      if (id < 0 || id >= spec_.vocab_size || type < 0 || type >= spec_.type_vocab_size) {
        return invalid("token " + std::to_string(token) + " has id " + std::to_string(id) +
                       " of type " + std::to_string(type) + "; the tables have " +
                       std::to_string(spec_.vocab_size) + " ids and " +
                       std::to_string(spec_.type_vocab_size) + " types");
      }
    }
    return {};
  }

  static Status check_finite(std::span<float> logits) {
    Status status;
    for (std::size_t pair = 0; pair < logits.size(); ++pair) {
      if (!std::isfinite(logits[pair])) {
        logits[pair] = std::numeric_limits<float>::quiet_NaN();
        if (status.ok()) {
          status = Status(Code::kNonFinite,
                          "[engine] pair " + std::to_string(pair) +
                              ": the model gave a number that is not finite");
        }
      }
    }
    return status;
  }

  const model::ModelSpec spec_;
  const Arithmetic arithmetic_;
  const PackedModel model_;
  const BufferShape shape_;
  const int batch_tokens_;
  std::vector<Workspace> workspaces_;
  std::vector<ForwardPass> passes_;
  std::vector<std::vector<int>> items_;  // per worker, of each phase of a shared chunk
  ExecutorInfo info_;
  Crew crew_;  // last: its threads use all of the above
};

}  // namespace

Result<std::unique_ptr<Executor>> make_cpu_executor(const model::ModelSpec& spec,
                                                    const model::ModelWeights& weights,
                                                    const CpuExecutorOptions& options) {
  if (options.threads < 1 || options.threads > kThreadsMax) {
    return invalid("threads is " + std::to_string(options.threads) + "; wants 1 to 1024");
  }
  if (options.max_seqlen < 0 || options.batch_tokens < 0) {
    return invalid("max_seqlen and batch_tokens may not be negative");
  }
  RR_RETURN_IF_ERROR(check_spec(spec, weights));
  RR_ASSIGN_OR_RETURN(const kernels::Isa isa, kernels::isa_from_name(options.isa));
  RR_ASSIGN_OR_RETURN(const Quantization quantization,
                      quantization_from_name(options.quantization));
  Arithmetic arithmetic = choose_arithmetic(isa, quantization, options.mixed_precision);
  if (quantization == Quantization::kInt8 && !spec.kept_bf16.empty()) {
    arithmetic = with_kept_matrices(std::move(arithmetic));
  }
  constexpr int kInt8DepthMax = 16384;  // 32-bit sums of int8 products are exact up to here
  if (quantization == Quantization::kInt8 &&
      std::max(spec.hidden_size, spec.intermediate_size) > kInt8DepthMax) {
    return Status(Code::kUnsupported, "[engine] int8 takes layers of up to 16384 columns");
  }
  RR_ASSIGN_OR_RETURN(PackedModel model, pack_model(spec, weights, arithmetic));
  const BufferShape shape = shape_of(spec, arithmetic, options);
  return std::unique_ptr<Executor>(
      std::make_unique<CpuExecutor>(spec, std::move(arithmetic), std::move(model), shape, options));
}

}  // namespace rr::engine
