#include "model/random_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/digest.h"
#include "model/bert.h"

namespace rr::model {
namespace {

ModelSpec tiny() {
  ModelSpec spec;
  spec.family = "bert";
  spec.hidden_size = 32;
  spec.num_attention_heads = 2;
  spec.intermediate_size = 64;
  spec.num_hidden_layers = 2;
  spec.vocab_size = 500;
  spec.max_position_embeddings = 512;
  spec.type_vocab_size = 2;
  return spec;
}

std::string digest_of(RandomModel& model) {
  DigestBuilder digest;
  for (const TensorSlot& slot : bert_tensors(model.spec, model.weights)) {
    digest.add(slot.name).add_bytes({slot.view->data, slot.view->size_bytes()});
  }
  return digest.finish().hex();
}

TEST(RandomModel, FillsEveryTensorOfTheFamily) {
  RandomModel model = make_random_model(tiny(), 1);
  for (const TensorSlot& slot : bert_tensors(model.spec, model.weights)) {
    ASSERT_NE(slot.view->data, nullptr) << slot.name;
    EXPECT_EQ(slot.view->shape, slot.shape) << slot.name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slot.view->data) % 64, 0U) << slot.name;
  }
}

TEST(RandomModel, GivesTheBitsOfThePythonGenerator) {
  // Printed by tools/golden/models/random_model.py.
  RandomModel model = make_random_model(tiny(), 1);
  EXPECT_EQ(digest_of(model), "56bc2d9d0066630cadb6d2a8a617d65f");
  const RandomPair pair = make_random_pair(12, 500, 7);
  EXPECT_THAT(pair.input_ids,
              testing::ElementsAre(101, 372, 293, 405, 102, 349, 450, 439, 483, 249, 226, 102));
  EXPECT_THAT(pair.token_type_ids, testing::ElementsAre(0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1));
}

TEST(RandomPair, KeepsItsShapeFromTheShortestToTheLongest) {
  for (const int length : {4, 5, 6, 7, 8, 511, 512}) {
    const RandomPair pair = make_random_pair(length, 30522, 3);
    ASSERT_EQ(pair.input_ids.size(), static_cast<std::size_t>(length));
    ASSERT_EQ(pair.token_type_ids.size(), static_cast<std::size_t>(length));
    EXPECT_EQ(pair.input_ids.front(), 101);
    EXPECT_EQ(pair.input_ids.back(), 102);
    EXPECT_EQ(std::count(pair.input_ids.begin(), pair.input_ids.end(), 102), 2) << length;
    EXPECT_EQ(pair.token_type_ids.back(), 1);
  }
}

TEST(RandomModel, SeedsAndNamesGiveDifferentWeights) {
  RandomModel one = make_random_model(tiny(), 1);
  RandomModel again = make_random_model(tiny(), 1);
  RandomModel other = make_random_model(tiny(), 2);
  EXPECT_EQ(digest_of(one), digest_of(again));
  EXPECT_NE(digest_of(one), digest_of(other));
  const ModelWeights& weights = one.weights;
  EXPECT_NE(std::memcmp(weights.blocks[0].query.weight.data,
                        weights.blocks[0].key.weight.data,
                        weights.blocks[0].query.weight.size_bytes()),
            0);
}

}  // namespace
}  // namespace rr::model
