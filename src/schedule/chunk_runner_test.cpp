#include "schedule/chunk_runner.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/fake_executor.h"
#include "text/fake_tokenizer.h"

namespace rr::schedule {
namespace {

// Fails `failures` times with a device failure, then works.
class FlakyExecutor final : public engine::Executor {
 public:
  explicit FlakyExecutor(int failures) : failures_(failures) {}
  int workers() const override { return 1; }
  int batch_tokens() const override { return 256; }
  int max_seqlen() const override { return 512; }
  const engine::ExecutorInfo& info() const override { return fake_.info(); }
  Status score(int worker, const engine::PackedBatch& batch, std::span<float> logits) override {
    largest = std::max(largest, batch.input_ids.size());
    ++calls;
    if (failures_-- > 0) {
      return Status(Code::kDeviceFailure, "the device is gone");
    }
    return fake_.score(worker, batch, logits);
  }
  std::size_t largest = 0;
  int calls = 0;

 private:
  int failures_;
  engine::FakeExecutor fake_;
};

struct Runner {
  explicit Runner(int failures = 0, int retries = 1)
      : executor(failures), runner(tokenizer, executor, 0, retries, clock) {}
  std::span<const RunResult> run(const std::vector<std::string>& documents,
                                 bool refuse_truncated = false) {
    std::vector<RunPair> pairs;
    pairs.reserve(documents.size());
    for (const std::string& document : documents) {
      pairs.push_back({&query, document, refuse_truncated});
    }
    return runner.run(pairs, false);
  }
  SystemClock clock;
  text::FakeTokenizer tokenizer;
  FlakyExecutor executor;
  QueryText query{"q", text::PairOptions()};
  ChunkRunner runner;
};

float logit(const std::string& document) {
  float sum = 1 + 2 + 2 + 'q' + 10;
  for (const char byte : document) {
    sum += static_cast<float>(static_cast<unsigned char>(byte) + 10);
  }
  return sum / 100;
}

TEST(ChunkRunner, EveryPairGetsItsOwnLogit) {
  Runner made;
  const std::vector<std::string> documents = {"a", "longer", ""};
  const auto results = made.run(documents);
  ASSERT_EQ(results.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(results[i].status.ok());
    EXPECT_FLOAT_EQ(results[i].logit, logit(documents[i]));
    EXPECT_EQ(results[i].tokens, static_cast<int>(documents[i].size()) + 4);
  }
  EXPECT_EQ(made.tokenizer.query_calls(), 1);
  EXPECT_EQ(made.executor.calls, 1);
}

TEST(ChunkRunner, WhatIsMoreThanTheEngineTakesGoesInEqualParts) {
  Runner made;
  const std::vector<std::string> documents(30, std::string(20, 'x'));  // 30 pairs of 24 tokens
  const auto results = made.run(documents);
  for (const RunResult& result : results) {
    EXPECT_FLOAT_EQ(result.logit, logit(documents[0]));
  }
  EXPECT_EQ(made.executor.calls, 3);
  EXPECT_LE(made.executor.largest, 256U);
}

TEST(ChunkRunner, APairLargerThanTheBatchGoesAlone) {
  Runner made;
  const auto results = made.run({std::string(400, 'x'), "a"});
  EXPECT_TRUE(results[0].status.ok());
  EXPECT_FLOAT_EQ(results[1].logit, logit("a"));
  EXPECT_EQ(made.executor.calls, 2);
}

TEST(ChunkRunner, ATooLongPairThatNobodyTakesIsNotComputed) {
  Runner made;
  const auto results = made.run({std::string(600, 'x'), "a"}, true);
  EXPECT_EQ(results[0].status.code(), Code::kUnprocessable);
  EXPECT_EQ(results[0].tokens, 0);
  EXPECT_TRUE(results[1].status.ok());
  EXPECT_LT(made.executor.largest, 100U);
}

TEST(ChunkRunner, ATooLongPairIsCutAndSaysSo) {
  Runner made;
  const auto results = made.run({std::string(600, 'x')});
  EXPECT_TRUE(results[0].status.ok());
  EXPECT_TRUE(results[0].truncated);
  EXPECT_EQ(results[0].tokens, 512);
}

TEST(ChunkRunner, ANonFiniteLogitConcernsItsPairAlone) {
  Runner made;
  const auto results = made.run({"a", "bad!", "b"});
  EXPECT_TRUE(results[0].status.ok());
  EXPECT_EQ(results[1].status.code(), Code::kNonFinite);
  EXPECT_FLOAT_EQ(results[2].logit, logit("b"));
}

TEST(ChunkRunner, ADeviceFailureIsTriedAgain) {
  Runner made(1, 1);
  EXPECT_TRUE(made.run({"a"})[0].status.ok());
  EXPECT_EQ(made.executor.calls, 2);
}

TEST(ChunkRunner, ADeviceThatKeepsFailingFailsThePairs) {
  Runner made(2, 1);
  const auto results = made.run({"a", "b"});
  EXPECT_EQ(results[0].status.code(), Code::kDeviceFailure);
  EXPECT_EQ(results[1].status.code(), Code::kDeviceFailure);
  EXPECT_EQ(made.executor.calls, 2);
}

}  // namespace
}  // namespace rr::schedule
