#include "http/id_source.h"

#include <sys/random.h>

#include "base/check.h"

namespace rr::http {

namespace {

void append_hex(std::string& out, std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) {
    out += kDigits[(value >> shift) & 0xF];
  }
}

}  // namespace

IdSource::IdSource() {
  RR_CHECK(getrandom(state_.data(), sizeof state_, 0) == sizeof state_);
  state_[0] |= 1;  // the generator's state must not be all zero
}

// xorshift128+ (Vigna, "Further scramblings of Marsaglia's xorshift generators").
std::uint64_t IdSource::random64() {
  std::uint64_t s1 = state_[0];
  const std::uint64_t s0 = state_[1];
  const std::uint64_t sum = s0 + s1;
  state_[0] = s0;
  s1 ^= s1 << 23;
  state_[1] = s1 ^ s0 ^ (s1 >> 18) ^ (s0 >> 5);
  return sum;
}

std::string IdSource::next() {
  std::string id;
  id.reserve(32);
  append_hex(id, random64());
  append_hex(id, random64());
  return id;
}

}  // namespace rr::http
