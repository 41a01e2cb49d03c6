// 128-bit digests for identities that outsiders must not be able to forge: SHA-256 (FIPS 180-4, by
// OpenSSL) cut to its first 16 bytes. For table slots, where forging does not matter, use
// DigestHash. Cost: about 1 GB/s with SHA extensions. Thread-safe. Tested by digest_test.cpp.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rr {

struct Digest128 {
  std::array<std::uint8_t, 16> bytes{};

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the defaulted operator's 0 for ours
  auto operator<=>(const Digest128&) const = default;
  std::string hex() const;  // 32 lower-case digits
};

Digest128 digest128(std::string_view data);

// Feeds a digest piece by piece. Fields are length-prefixed, so that ("ab","c") and ("a","bc")
// differ.
class DigestBuilder {
 public:
  DigestBuilder();
  ~DigestBuilder();
  DigestBuilder(const DigestBuilder&) = delete;
  DigestBuilder& operator=(const DigestBuilder&) = delete;

  DigestBuilder& add(std::string_view field);
  DigestBuilder& add_number(std::int64_t number);
  // Raw bytes without a length, for content streamed in pieces.
  DigestBuilder& add_bytes(std::span<const std::byte> bytes);
  Digest128 finish();  // once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The digest is uniformly distributed already: its first eight bytes are the hash.
struct DigestHash {
  std::size_t operator()(const Digest128& digest) const {
    std::size_t slot = 0;
    std::memcpy(&slot, digest.bytes.data(), sizeof slot);
    return slot;
  }
};

}  // namespace rr
