#include "base/aligned_memory.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace rr {
namespace {

TEST(AlignedMemory, IsAlignedAndZero) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{3} << 20}) {
    AlignedMemory memory(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 64, 0U);
    EXPECT_EQ(memory.size_bytes(), size);
    for (const std::byte byte : memory.as<std::byte>()) {
      ASSERT_EQ(byte, std::byte{0});
    }
  }
}

TEST(AlignedMemory, LargeBlocksCanBeHugePages) {
  AlignedMemory memory(std::size_t{4} << 20);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % (std::size_t{2} << 20), 0U);
}

TEST(AlignedMemory, EmptyHoldsNothing) {
  AlignedMemory memory(0);
  EXPECT_EQ(memory.data(), nullptr);
  EXPECT_TRUE(memory.as<float>().empty());
}

}  // namespace
}  // namespace rr
