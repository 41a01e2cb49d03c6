// What a worker does with a chunk: tokenize its pairs, pack them, score them, look at every logit.
// No locks, no queues: the Scheduler's worker threads call it between two visits to the policy.
// A device failure is retried max_retries times; a NaN or infinity concerns its own pair alone.
// One runner per worker; not thread-safe; its buffers are reused. Tested by chunk_runner_test.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "engine/executor.h"
#include "schedule/query_text.h"
#include "text/tokenizer.h"

namespace rr::schedule {

struct RunPair {
  QueryText* query = nullptr;
  std::string_view document;
  bool refuse_truncated = false;  // nobody wants its score if it is too long
};

struct RunResult {
  Status status;  // kUnprocessable (too long and refused), kNonFinite, kDeviceFailure, …
  float logit = 0;
  bool truncated = false;
  int tokens = 0;  // computed
};

struct RunTimes {
  Duration tokenize{};
  Duration inference{};
};

// What a request with truncate:false gets for a pair that is too long, fresh or cached.
Status too_long_status(int max_length);

class ChunkRunner {
 public:
  ChunkRunner(const text::Tokenizer& tokenizer,
              engine::Executor& executor,
              int worker,
              int max_retries,
              const Clock& clock);

  // One result per pair, valid until the next call. `alone`: idle workers may help.
  std::span<const RunResult> run(std::span<const RunPair> pairs, bool alone);
  const RunTimes& times() const { return times_; }

 private:
  void tokenize(std::span<const RunPair> pairs);
  // Scores the pairs [first, last) of order_.
  void score(std::size_t first, std::size_t last, bool alone);

  const text::Tokenizer& tokenizer_;
  engine::Executor& executor_;
  const int worker_;
  const int max_retries_;
  const Clock& clock_;

  std::vector<RunResult> results_;
  RunTimes times_;
  text::EncodedPair encoded_;
  std::vector<TokenId> input_ids_;       // of the whole chunk, end to end
  std::vector<TokenId> token_type_ids_;  // likewise
  std::vector<int> offsets_;             // [pairs in order_ + 1] into those
  std::vector<std::size_t> order_;       // the pairs that are scored, as indexes of the chunk
  std::vector<int> cu_seqlens_;
  std::vector<float> logits_;
};

}  // namespace rr::schedule
