#include "model/random_model.h"

#include <cmath>
#include <span>
#include <string_view>

#include "base/check.h"
#include "model/bert.h"

namespace rr::model {

namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
// Deviation of the sum of four uniform 16-bit fields: sqrt((65536^2 - 1) / 3).
constexpr double kBellDeviation = 37837.22723720648;

// SplitMix64's output function (Steele, Lea and Flood 2014; constants by Stafford, variant 13).
std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

std::uint64_t fnv1a_64(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  }
  return hash;
}

struct Draw {
  double deviation;
  float offset;
};

// What a trained model has and a plain 0.02 initialisation has not: queries and keys strong enough
// that a token attends to a few others, sublayers whose output matters beside the residual, and a
// head whose logits spread over several units.
Draw draw_for(std::string_view name, const std::vector<std::int64_t>& shape) {
  if (name.ends_with("LayerNorm.weight")) {
    return {0.1, 1.0F};
  }
  if (name.ends_with(".bias")) {
    return {0.1, 0.0F};
  }
  if (name.find("embeddings") != std::string_view::npos) {
    return {name.ends_with("word_embeddings.weight") ? 1.0 : 0.3, 0.0F};
  }
  double gain = 1.0;  // deviation of one output when the inputs have deviation 1
  if (name.ends_with("query.weight") || name.ends_with("key.weight")) {
    gain = 2.0;
  } else if (name.ends_with("output.dense.weight")) {
    gain = 0.7;  // both sublayers; more of it makes all tokens alike after a few layers
  } else if (name == "classifier.weight") {
    gain = 8.0;
  }
  return {gain / std::sqrt(static_cast<double>(shape.back())), 0.0F};
}

void fill(const TensorSlot& slot, std::uint64_t seed, std::span<float> values) {
  const Draw draw = draw_for(slot.name, slot.shape);
  const auto scale = static_cast<float>(draw.deviation / kBellDeviation);
  const std::uint64_t key = mix(seed + fnv1a_64(slot.name));
  std::uint64_t counter = key;
  for (float& value : values) {
    const std::uint64_t bits = mix(counter);
    counter += kGolden;
    const auto sum = static_cast<std::int32_t>((bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) +
                                               ((bits >> 32) & 0xFFFF) + (bits >> 48));
    value = static_cast<float>(sum - 131070) * scale + draw.offset;
  }
}

}  // namespace

RandomModel make_random_model(const ModelSpec& shape, std::uint64_t seed) {
  RR_CHECK(shape.family == "bert");
  RandomModel model{shape, {}, {}};
  const std::vector<TensorSlot> slots = bert_tensors(model.spec, model.weights);
  // Each tensor starts on a cache line.
  constexpr std::size_t kLineFloats = 16;
  std::size_t floats = 0;
  for (const TensorSlot& slot : slots) {
    *slot.view = {slot.name, DType::kF32, slot.shape, nullptr};
    RR_CHECK(slot.view->elements() > 0);
    floats += (static_cast<std::size_t>(slot.view->elements()) + kLineFloats - 1) / kLineFloats *
              kLineFloats;
  }
  model.memory = AlignedMemory(floats * sizeof(float));
  const std::span<float> all = model.memory.as<float>();
  std::size_t at = 0;
  for (const TensorSlot& slot : slots) {
    const auto count = static_cast<std::size_t>(slot.view->elements());
    fill(slot, seed, all.subspan(at, count));
    slot.view->data = std::as_bytes(all.subspan(at)).data();
    at += (count + kLineFloats - 1) / kLineFloats * kLineFloats;
  }
  return model;
}

RandomPair make_random_pair(int length, int vocab_size, std::uint64_t seed) {
  RR_CHECK(length >= 4 && vocab_size >= 104);
  constexpr TokenId kCls = 101;
  constexpr TokenId kSep = 102;
  const TokenId first_id = vocab_size < 1999 ? 103 : 999;
  const int query_end = 1 + length / 4;  // position of the first [SEP]
  const std::uint64_t key = mix(seed);
  RandomPair pair;
  for (int i = 0; i < length; ++i) {
    const std::uint64_t bits = mix(key + static_cast<std::uint64_t>(i) * kGolden);
    TokenId id = first_id + static_cast<TokenId>((bits >> 32) %
                                                 static_cast<std::uint64_t>(vocab_size - first_id));
    if (i == 0) {
      id = kCls;
    } else if (i == query_end || i == length - 1) {
      id = kSep;
    }
    pair.input_ids.push_back(id);
    pair.token_type_ids.push_back(i > query_end ? 1 : 0);
  }
  return pair;
}

}  // namespace rr::model
