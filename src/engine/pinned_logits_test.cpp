// The bits of 32 logits for each arithmetic class, in tests/golden/engine/pinned_logits.txt: one
// line per numerics id, then 32 float32 in hexadecimal. A change of bits must raise the revision at
// the end of the id (kernels/cpu/cpu_kernels.cpp); the failing test prints the line to commit.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>

#include "engine/executor_test_data.h"

namespace rr::engine {
namespace {

std::map<std::string, std::string> read_pins() {
  std::ifstream file(RR_SOURCE_DIR "/tests/golden/engine/pinned_logits.txt");
  std::map<std::string, std::string> pins;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') {
      pins[line.substr(0, line.find(' '))] = line;
    }
  }
  return pins;
}

TEST(PinnedLogits, EveryArithmeticClassHasTheBitsItHadBefore) {
  // 96 and 200 columns end inside panels of 64 and of 32.
  model::ModelSpec shape = bert_shape(3, 96, 3, 200);
  const model::RandomModel model = model::make_random_model(shape, 11);
  std::vector<int> lengths(32);
  std::iota(lengths.begin(), lengths.end(), 4);
  const TestBatch batch = batch_of(random_pairs(shape, lengths, 900));
  const auto pins = read_pins();
  for (const Variant& variant : all_options()) {
    const auto executor = executor_of(model, variant);
    std::ostringstream line;
    line << executor->info().numerics;
    for (const float logit : score_all(*executor, 0, batch)) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &logit, sizeof bits);
      line << " " << std::hex << bits;
    }
    const auto pin = pins.find(executor->info().numerics);
    EXPECT_TRUE(pin != pins.end() && pin->second == line.str()) << variant.name() << " gives\n"
                                                                << line.str();
  }
}

}  // namespace
}  // namespace rr::engine
