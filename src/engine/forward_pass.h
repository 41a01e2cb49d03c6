// One chunk of whole pairs through all layers of a BERT-like model (post-norm, [CLS] pooling, one
// label), on one thread, in one worker's buffers:
//   h = LN(word + position + type)
//   each layer: h = LN(h + W_o·attention(W_qkv·h)); h = LN(h + W_2·act(W_1·h))
//   logit = W_c·tanh(W_p·h[CLS])
// The last layer is computed for the [CLS] rows alone (keys and values for all tokens), which is
// exact: no other row of it is read. Every buffer is written before it is read, pads included, so a
// workspace's old content never matters. No allocation. Source: Devlin et al. 2018; Hugging Face
// transformers modeling_bert.py (BertForSequenceClassification). Tested by cpu_executor_test.cpp.
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

// One pair's tokens in the chunk.
struct TokenRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
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

 private:
  void embed(const Chunk& chunk) const;
  void layer(const PackedBlock& block, const Chunk& chunk) const;
  void last_layer(const PackedBlock& block, const Chunk& chunk) const;
  void score(std::int64_t pairs, std::span<float> logits) const;

  // The parts of a layer; `rows` rows from the start of the given buffers.
  void project(const PackedBlock& block,
               int segment,
               int head,
               const Rows& a,
               const Rows& c,
               std::int64_t rows) const;
  void attend(int head,
              const Rows& query,
              TokenRange tokens,
              const Rows& context,
              std::int64_t queries) const;
  void zero_pads(const Rows& context, std::int64_t rows) const;
  void attention_output(const PackedBlock& block,
                        const Rows& hidden,
                        const Rows& input,
                        std::int64_t rows) const;
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
