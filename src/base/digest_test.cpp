#include "base/digest.h"

#include <gtest/gtest.h>

namespace rr {
namespace {

// NIST FIPS 180-4 example "abc".
TEST(Digest128, IsTheStartOfSha256) {
  EXPECT_EQ(digest128("abc").hex(), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_EQ(digest128("").hex(), "e3b0c44298fc1c149afbf4c8996fb924");
}

TEST(DigestBuilder, FieldBoundariesCount) {
  const Digest128 ab_c = DigestBuilder().add("ab").add("c").finish();
  const Digest128 a_bc = DigestBuilder().add("a").add("bc").finish();
  EXPECT_NE(ab_c, a_bc);
  EXPECT_EQ(ab_c, DigestBuilder().add("ab").add("c").finish());
}

TEST(DigestBuilder, NumbersCount) {
  EXPECT_NE(DigestBuilder().add_number(1).finish(), DigestBuilder().add_number(2).finish());
}

TEST(DigestBuilder, StreamedBytesEqualTheWhole) {
  const std::string_view text = "abc";
  DigestBuilder builder;
  for (const char& letter : text) {
    builder.add_bytes(std::as_bytes(std::span(&letter, 1)));
  }
  EXPECT_EQ(builder.finish(), digest128("abc"));
}

}  // namespace
}  // namespace rr
