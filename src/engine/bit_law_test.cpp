// The bit law: a pair's logit has the same bits alone, in any company and order, on any worker,
// with any number of them running, and in a workspace full of NaN.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "engine/executor_test_data.h"
#include "engine/forward_pass.h"

namespace rr::engine {
namespace {

std::vector<model::RandomPair> mixed_pairs(const model::ModelSpec& spec, int count) {
  std::vector<int> lengths;
  for (int i = 0; i < count; ++i) {
    lengths.push_back(4 + i * 37 % 29);
  }
  return random_pairs(spec, lengths, 500);
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& logits) {
  std::vector<std::uint32_t> bits(logits.size());
  std::memcpy(bits.data(), logits.data(), logits.size() * sizeof(float));
  return bits;
}

class BitLaw : public ::testing::TestWithParam<model::ModelSpec> {
 protected:
  // What each pair gives alone.
  static std::vector<std::uint32_t> alone(Executor& executor,
                                          const std::vector<model::RandomPair>& pairs) {
    std::vector<std::uint32_t> bits;
    for (const auto& pair : pairs) {
      bits.push_back(bits_of(score_all(executor, 0, batch_of({&pair, 1})))[0]);
    }
    return bits;
  }
};

TEST_P(BitLaw, APairAmongTwoHundredOthersGivesWhatItGivesAlone) {
  const model::RandomModel model = model::make_random_model(GetParam(), 7);
  const auto pairs = mixed_pairs(model.spec, 200);
  for (const Variant& variant : all_variants()) {
    const auto executor = executor_of(model, variant);
    EXPECT_EQ(bits_of(score_all(*executor, 0, batch_of(pairs))), alone(*executor, pairs))
        << variant.name();
  }
}

TEST_P(BitLaw, ShuffledPairsGiveTheSameBits) {
  const model::RandomModel model = model::make_random_model(GetParam(), 7);
  const auto pairs = mixed_pairs(model.spec, 40);
  for (const Variant& variant : all_variants()) {
    const auto executor = executor_of(model, variant);
    const auto expected = bits_of(score_all(*executor, 0, batch_of(pairs)));
    std::vector<std::size_t> order(pairs.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    std::shuffle(order.begin(), order.end(), std::mt19937(3));
    std::vector<model::RandomPair> shuffled;
    for (const std::size_t i : order) {
      shuffled.push_back(pairs[i]);
    }
    const auto bits = bits_of(score_all(*executor, 0, batch_of(shuffled)));
    for (std::size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(bits[i], expected[order[i]]) << variant.name() << " pair " << order[i];
    }
  }
}

TEST_P(BitLaw, OneToFourWorkersAtOnceGiveTheSameBits) {
  const model::RandomModel model = model::make_random_model(GetParam(), 7);
  const TestBatch batch = batch_of(mixed_pairs(model.spec, 12));
  for (const Variant& variant : all_variants()) {
    const auto single = executor_of(model, variant);
    const auto expected = bits_of(score_all(*single, 0, batch));
    for (int threads = 1; threads <= 4; ++threads) {
      const auto executor = executor_of(model, variant, threads);
      std::vector<std::vector<float>> logits(static_cast<std::size_t>(threads));
      {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < threads; ++worker) {
          workers.emplace_back([&, worker] {
            logits[static_cast<std::size_t>(worker)] = score_all(*executor, worker, batch);
          });
        }
      }
      for (const auto& of_worker : logits) {
        EXPECT_EQ(bits_of(of_worker), expected) << variant.name() << " threads " << threads;
      }
    }
  }
}

TEST_P(BitLaw, APairThatSeveralWorkersShareGivesTheSameBits) {
  const model::RandomModel model = model::make_random_model(GetParam(), 7);
  const auto pairs = random_pairs(model.spec, {33, 127, 200}, 900);
  for (const Variant& variant : all_variants()) {
    const auto single = executor_of(model, variant);
    const auto executor = executor_of(model, variant, 4);
    for (std::size_t count = 1; count <= pairs.size(); ++count) {
      // One pair of each length, then several in one chunk.
      const TestBatch batch =
          count < pairs.size() ? batch_of({&pairs[count - 1], 1}) : batch_of(pairs);
      const auto expected = bits_of(score_all(*single, 0, batch));
      PackedBatch alone = batch.view();
      alone.alone = true;
      for (int run = 0; run < 4; ++run) {  // helpers come late or not at all
        std::vector<float> logits(batch.pairs());
        ASSERT_TRUE(executor->score(run % 4, alone, logits).ok());
        EXPECT_EQ(bits_of(logits), expected) << variant.name() << " pairs " << batch.pairs();
      }
    }
  }
}

TEST_P(BitLaw, AWorkspaceFullOfNanChangesNothing) {
  const model::RandomModel model = model::make_random_model(GetParam(), 7);
  const TestBatch batch = batch_of(mixed_pairs(model.spec, 2));
  for (const Variant& variant : all_variants()) {
    const Arithmetic arithmetic = variant.arithmetic();
    const auto packed = pack_model(model.spec, model.weights, arithmetic);
    ASSERT_TRUE(packed.ok());
    BufferShape shape;
    shape.rows = shape.max_seqlen = 256;
    shape.feed_forward_rows = 128;
    shape.inner_columns = model.spec.intermediate_size;
    shape.pairs = 64;
    shape.heads_at_once = heads_at_once(model.spec, arithmetic);
    shape.heads_at_least = heads_at_least(model.spec, arithmetic);
    Workspace measured;
    lay_out_buffers(model.spec, arithmetic, shape, measured);
    Workspace workspace(measured.used_bytes());
    std::memset(workspace.bytes().data(), 0xff, workspace.bytes().size());  // every f32 is a NaN
    const ForwardPass pass(model.spec,
                           arithmetic,
                           *packed,
                           shape,
                           lay_out_buffers(model.spec, arithmetic, shape, workspace));
    std::vector<float> logits(batch.pairs());
    pass.run({batch.input_ids, batch.token_type_ids, batch.cu_seqlens}, logits);
    const auto executor = executor_of(model, variant);
    EXPECT_EQ(bits_of(logits), bits_of(score_all(*executor, 0, batch))) << variant.name();
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes,
                         BitLaw,
                         ::testing::Values(tiny_shape(), bert_shape(2, 66, 3, 75)),
                         [](const auto& shape) {
                           return "H" + std::to_string(shape.param.hidden_size);
                         });

}  // namespace
}  // namespace rr::engine
