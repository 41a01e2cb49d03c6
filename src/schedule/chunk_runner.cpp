#include "schedule/chunk_runner.h"

#include <cmath>
#include <string>

namespace rr::schedule {

Status too_long_status(int max_length) {
  return Status(Code::kUnprocessable,
                "longer than " + std::to_string(max_length) +
                    " tokens with its query, and truncate is false");
}

ChunkRunner::ChunkRunner(const text::Tokenizer& tokenizer,
                         engine::Executor& executor,
                         int worker,
                         int max_retries,
                         const Clock& clock)
    : tokenizer_(tokenizer),
      executor_(executor),
      worker_(worker),
      max_retries_(max_retries),
      clock_(clock) {}

std::span<const RunResult> ChunkRunner::run(std::span<const RunPair> pairs, bool alone) {
  results_.assign(pairs.size(), RunResult());
  const TimePoint begin = clock_.now();
  tokenize(pairs);
  const TimePoint tokenized = clock_.now();
  // The chunk was formed from estimates. What is more than the engine takes at once goes in parts
  // of equal size rather than in a full one and a rest.
  const auto cap = static_cast<std::size_t>(executor_.batch_tokens());
  const auto total = static_cast<std::size_t>(offsets_.back());
  const std::size_t parts = (total + cap - 1) / cap;
  const std::size_t target = parts > 0 ? (total + parts - 1) / parts : 0;
  std::size_t first = 0;
  while (first < order_.size()) {
    std::size_t last = first + 1;
    const auto tokens_to = [&](std::size_t end) {
      return static_cast<std::size_t>(offsets_[end] - offsets_[first]);
    };
    while (last < order_.size() && tokens_to(last) < target && tokens_to(last + 1) <= cap) {
      ++last;
    }
    score(first, last, alone);
    first = last;
  }
  times_ = {tokenized - begin, clock_.now() - tokenized};
  return results_;
}

void ChunkRunner::tokenize(std::span<const RunPair> pairs) {
  input_ids_.clear();
  token_type_ids_.clear();
  order_.clear();
  offsets_.assign(1, 0);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const RunPair& pair = pairs[i];
    const text::PairOptions& options = pair.query->options();
    tokenizer_.encode_pair(pair.query->encoded(tokenizer_), pair.document, options, encoded_);
    results_[i].truncated = encoded_.truncated;
    if (encoded_.truncated && pair.refuse_truncated) {
      results_[i].status = too_long_status(options.max_length);
      continue;
    }
    results_[i].tokens = static_cast<int>(encoded_.input_ids.size());
    input_ids_.insert(input_ids_.end(), encoded_.input_ids.begin(), encoded_.input_ids.end());
    token_type_ids_.insert(
        token_type_ids_.end(), encoded_.token_type_ids.begin(), encoded_.token_type_ids.end());
    offsets_.push_back(static_cast<int>(input_ids_.size()));
    order_.push_back(i);
  }
}

void ChunkRunner::score(std::size_t first, std::size_t last, bool alone) {
  const auto begin = static_cast<std::size_t>(offsets_[first]);
  const auto tokens = static_cast<std::size_t>(offsets_[last]) - begin;
  cu_seqlens_.clear();
  for (std::size_t i = first; i <= last; ++i) {
    cu_seqlens_.push_back(offsets_[i] - offsets_[first]);
  }
  logits_.resize(last - first);
  const engine::PackedBatch batch{std::span<const TokenId>(input_ids_).subspan(begin, tokens),
                                  std::span<const TokenId>(token_type_ids_).subspan(begin, tokens),
                                  cu_seqlens_,
                                  alone};
  Status status = executor_.score(worker_, batch, logits_);
  for (int retry = 0; retry < max_retries_ && status.code() == Code::kDeviceFailure; ++retry) {
    status = executor_.score(worker_, batch, logits_);
  }
  const bool logits_hold = status.ok() || status.code() == Code::kNonFinite;
  for (std::size_t i = first; i < last; ++i) {
    RunResult& result = results_[order_[i]];
    if (!logits_hold) {
      result.status = status;
    } else if (!std::isfinite(logits_[i - first])) {
      result.status = Status(Code::kNonFinite, "the model gave a logit that is not finite");
    } else {
      result.logit = logits_[i - first];
    }
  }
}

}  // namespace rr::schedule
