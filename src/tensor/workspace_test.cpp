#include "tensor/workspace.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace rr {
namespace {

void lay_out(Workspace& workspace, float*& first, std::uint8_t*& second) {
  first = workspace.take<float>(3);
  second = workspace.take<std::uint8_t>(65);
}

TEST(Workspace, MeasuringCountsWhatTheSameLayoutThenTakes) {
  float* first = nullptr;
  std::uint8_t* second = nullptr;
  Workspace measured;
  lay_out(measured, first, second);
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(measured.used_bytes(), 64U + 128U);

  Workspace workspace(measured.used_bytes());
  lay_out(workspace, first, second);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0U);
  EXPECT_EQ(reinterpret_cast<std::uint8_t*>(first) + 64, second);
  EXPECT_EQ(workspace.used_bytes(), workspace.bytes().size());
}

TEST(WorkspaceDeathTest, TakingMoreThanWasMeasuredStopsTheProgram) {
  Workspace workspace(64);
  EXPECT_DEATH(workspace.take<float>(17), "check failed");
}

}  // namespace
}  // namespace rr
