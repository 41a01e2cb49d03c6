// One chunk of whole pairs through all layers of a BERT-like model (post-norm, [CLS] pooling, one
// label):
//   h = LN(word + position + type)
//   each layer: h = LN(h + W_o·attention(W_qkv·h)); h = LN(h + W_2·act(W_1·h))
//   logit = W_c·tanh(W_p·h[CLS])
// The last layer is computed for the [CLS] rows alone (keys and values for all tokens), which is
// exact: no other row of it is read. Every buffer is written before it is read, pads included, so a
// workspace's old content never matters. No allocation.
//
// A chunk is computed by one thread, or by several on a pass each. It is cut by phases, between
// which everybody waits: the embeddings by rows; per layer the attention by heads, then the rest by
// rows; at last the scores. Attention needs all rows of some columns, everything else all columns
// of some rows, so two phases a layer are the fewest that divide all of the work. The parts'
// borders never change an element's sequence of operations.
//
// Source: Devlin et al. 2018; Hugging Face transformers modeling_bert.py
// (BertForSequenceClassification). Tested by cpu_executor_test.cpp and bit_law_test.cpp.
#pragma once

#include <span>

#include "engine/forward_buffers.h"
#include "engine/packed_model.h"
#include "tensor/dims.h"

namespace rr::engine {

// Whole pairs, laid end to end; cu_seqlens may start above 0: only differences count, and the ids
// are those of the first pair onward.
struct Chunk {
  std::span<const TokenId> input_ids;       // [T]
  std::span<const TokenId> token_type_ids;  // [T]
  std::span<const int> cu_seqlens;          // [pairs + 1]
};

// One pair's tokens in the chunk, or rows of it that one thread computes.
struct TokenRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

struct HeadRange {
  int first = 0;
  int end = 0;
};

// A chunk and how it is cut. Passes that share one use the hidden, input, context and context_input
// rows of one of them, and everything else of their own.
struct SharedChunk {
  Chunk chunk;
  std::span<float> logits;       // [pairs]
  const ForwardBuffers& stream;  // whose rows all passes use
  int row_parts = 1;             // of the phases that are cut by rows
  int head_parts = 1;            // of those that are cut by heads

  std::int64_t tokens() const { return chunk.cu_seqlens.back() - chunk.cu_seqlens.front(); }
  std::int64_t pairs() const { return static_cast<std::int64_t>(chunk.cu_seqlens.size()) - 1; }
};

class ForwardPass {
 public:
  ForwardPass(const model::ModelSpec& spec,
              const Arithmetic& arithmetic,
              const PackedModel& model,
              const BufferShape& shape,
              const ForwardBuffers& buffers)
      : spec_(spec), arithmetic_(arithmetic), model_(model), shape_(shape), buffers_(buffers) {}

  // Requires: the chunk fits the buffers' shape, and its ids the tables. logits [pairs].
  void run(const Chunk& chunk, std::span<float> logits) const;

  // The same by several passes: every item of a phase once, by any of them, then the next phase.
  static int phases(const model::ModelSpec& spec) { return 2 * spec.num_hidden_layers + 1; }
  int phases() const { return phases(spec_); }
  int items(const SharedChunk& shared, int phase) const;
  void run_item(const SharedChunk& shared, int phase, int item) const;
  // Most parts that are of use.
  int row_parts_max(std::int64_t tokens) const;
  int head_parts_max() const { return spec_.num_attention_heads / shape_.heads_at_least; }
  const ForwardBuffers& buffers() const { return buffers_; }

 private:
  bool is_last(int layer) const { return layer + 1 == spec_.num_hidden_layers; }
  TokenRange rows_of(const SharedChunk& shared, int item) const;
  HeadRange heads_of(const SharedChunk& shared, int item) const;

  void embed(const SharedChunk& shared, TokenRange rows) const;
  // context = attention of some heads, for all rows or for the [CLS] rows alone, which then are the
  // first of `context`.
  void attend_all(const PackedBlock& block, const SharedChunk& shared, HeadRange heads) const;
  void attend_scored(const PackedBlock& block, const SharedChunk& shared, HeadRange heads) const;
  // What follows attention in a layer.
  void finish(const PackedBlock& block,
              const Rows& context,
              const Rows& context_input,
              const Rows& hidden,
              const Rows& input,
              std::int64_t rows) const;
  void finish_rows(const PackedBlock& block, const SharedChunk& shared, TokenRange rows) const;
  void finish_scored(const PackedBlock& block, const SharedChunk& shared) const;
  // The [CLS] rows of the stream, into this pass's own.
  void gather_scored(const SharedChunk& shared) const;
  void score(std::span<float> logits) const;

  // The parts of a layer; `rows` rows from the start of the given buffers.
  void project(const PackedBlock& block,
               int segment,
               HeadRange heads,
               const Rows& a,
               const Rows& c,
               std::int64_t rows) const;
  void attend(HeadRange heads,
              const Rows& query,
              TokenRange tokens,
              const Rows& context,
              std::int64_t queries) const;
  void zero_pads(const Rows& context, std::int64_t rows) const;
  void feed_forward(const PackedBlock& block,
                    const Rows& hidden,
                    const Rows& input,
                    std::int64_t rows) const;
  void feed_forward_rows(const PackedBlock& block,
                         const Rows& hidden,
                         const Rows& input,
                         std::int64_t rows) const;
  void normalise(const PackedNorm& norm,
                 const Rows& hidden,
                 const Rows& input,
                 std::int64_t rows) const;
  // What `w` reads of f32 rows whose copy for this arithmetic's products is `input`.
  Rows operand(const PackedLinear& w,
               const Rows& exact,
               const Rows& input,
               std::int64_t columns,
               std::int64_t rows) const;
  void to_input(const Rows& from, const Rows& to, std::int64_t columns, std::int64_t rows) const;

  const model::ModelSpec& spec_;
  const Arithmetic& arithmetic_;
  const PackedModel& model_;
  BufferShape shape_;
  ForwardBuffers buffers_;
};

}  // namespace rr::engine
