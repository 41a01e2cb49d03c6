#include "cli/int8_decision.h"

#include <gtest/gtest.h>

#include <map>

namespace rr::cli {
namespace {

const ListLogits kExact = {{3.0F, 2.0F, 1.0F}};
const std::vector<MatrixUnit> kUnits = {{"small"}, {"large", "larger"}, {"middle"}};

// Every matrix that is not kept moves the first logit by its own error.
ScoreWithKept model_with(const std::map<std::string, float>& errors, int* calls) {
  return [errors, calls](const std::vector<std::string>& kept) -> Result<ListLogits> {
    ++*calls;
    ListLogits logits = kExact;
    for (const auto& [name, error] : errors) {
      if (std::find(kept.begin(), kept.end(), name) == kept.end()) {
        logits[0][0] += error;
      }
    }
    return logits;
  };
}

TEST(Int8Decision, NothingIsKeptWhileInt8StaysWithinTheBounds) {
  int calls = 0;
  const auto decision = decide_int8(kExact, kUnits, {}, model_with({{"small", 0.25F}}, &calls));
  ASSERT_TRUE(decision.ok());
  EXPECT_TRUE(decision->kept_bf16.empty());
  EXPECT_TRUE(decision->within_bounds);
  EXPECT_EQ(calls, 1);
}

TEST(Int8Decision, TheUnitThatHelpsMostIsKeptFirstAndNoMoreThanNeeded) {
  int calls = 0;
  const auto decision = decide_int8(
      kExact,
      kUnits,
      {},
      model_with({{"small", 0.125F}, {"large", 1.0F}, {"larger", 1.0F}, {"middle", 0.5F}}, &calls));
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->kept_bf16, (std::vector<std::string>{"large", "larger", "middle"}));
  EXPECT_TRUE(decision->within_bounds);
  EXPECT_FLOAT_EQ(static_cast<float>(decision->before.delta_p99), 2.625F);
  EXPECT_FLOAT_EQ(static_cast<float>(decision->after.delta_p99), 0.125F);
}

TEST(Int8Decision, BoundsThatCannotBeMetAreSaid) {
  int calls = 0;
  const auto decision = decide_int8(kExact, kUnits, {}, model_with({{"elsewhere", 5.0F}}, &calls));
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->within_bounds);
  EXPECT_EQ(decision->kept_bf16.size(), 4U);
}

TEST(Int8Decision, AFailureOfTheEngineIsHandedOn) {
  const auto decision = decide_int8(kExact, kUnits, {}, [](const auto&) -> Result<ListLogits> {
    return Status(Code::kNonFinite, "x");
  });
  EXPECT_EQ(decision.status().code(), Code::kNonFinite);
}

}  // namespace
}  // namespace rr::cli
