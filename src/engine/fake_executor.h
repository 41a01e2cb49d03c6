// An Executor for other folders' tests: logit = sum of input_ids / 100, so that a test can compute
// it by hand. A pair that holds kPoisonToken gives NaN (kNonFinite); `block` runs at the start of
// each score() call, so that a test can hold a worker.
#pragma once

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "engine/executor.h"

namespace rr::engine {

class FakeExecutor final : public Executor {
 public:
  static constexpr TokenId kPoisonToken = '!' + 10;  // FakeTokenizer's token of '!'

  explicit FakeExecutor(int workers = 1, std::function<void()> block = {})
      : workers_(workers), block_(std::move(block)) {
    info_ = {"cpu", "cpu", "fake", "none", "fake.1", true, 0, 0};
  }

  int workers() const override { return workers_; }
  int batch_tokens() const override { return 256; }
  int max_seqlen() const override { return 512; }
  const ExecutorInfo& info() const override { return info_; }

  Status score(int /*worker*/, const PackedBatch& batch, std::span<float> logits) override {
    if (block_) {
      block_();
    }
    ++batches_;
    Status status;
    for (std::size_t pair = 0; pair < logits.size(); ++pair) {
      const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
      const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
      float sum = 0;
      for (const TokenId id : batch.input_ids.subspan(begin, end - begin)) {
        sum = id == kPoisonToken ? std::numeric_limits<float>::quiet_NaN()
                                 : sum + static_cast<float>(id);
      }
      logits[pair] = sum / 100;
      if (std::isnan(logits[pair])) {
        status = Status(Code::kNonFinite, "pair " + std::to_string(pair) + " gave NaN");
      }
      ++pairs_;
    }
    return status;
  }

  int batches() const { return batches_; }
  int pairs() const { return pairs_; }

 private:
  int workers_;
  std::function<void()> block_;
  ExecutorInfo info_;
  std::atomic<int> batches_ = 0;
  std::atomic<int> pairs_ = 0;
};

}  // namespace rr::engine
