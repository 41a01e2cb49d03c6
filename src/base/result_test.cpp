#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace rr {
namespace {

Result<int> half_of_even(int n) {
  if (n % 2 != 0) {
    return Status(Code::kInvalidArgument, "odd");
  }
  return n / 2;
}

Result<int> quarter(int n) {
  RR_ASSIGN_OR_RETURN(int half, half_of_even(n));
  RR_ASSIGN_OR_RETURN(int result, half_of_even(half));
  return result;
}

Status check_even(int n) {
  RR_RETURN_IF_ERROR(half_of_even(n).status());
  return {};
}

TEST(Result, CarriesTheValueOrTheStatus) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(quarter(6).status().message(), "odd");
}

TEST(Result, ReturnIfErrorStopsAtTheFirstError) {
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(3).code(), Code::kInvalidArgument);
}

TEST(Result, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  std::unique_ptr<int> owned = std::move(result).value();
  EXPECT_EQ(*owned, 7);
}

TEST(ResultDeathTest, ReadingTheValueOfAnErrorIsABug) {
  EXPECT_DEATH((void)half_of_even(1).value(), "ok\\(\\)");
}

TEST(Code, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    names.insert(code_name(static_cast<Code>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(Code::kInternal) + 1);
  EXPECT_EQ(names.count("unknown"), 0U);
}

}  // namespace
}  // namespace rr
