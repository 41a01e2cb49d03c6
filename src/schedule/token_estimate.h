// How many tokens a pair will have, before it is tokenized: queues are counted in tokens, but only
// pairs that are really computed are tokenized. Learns the tokens per byte of what it sees, old
// pairs fading. Pure; not thread-safe. Tested by token_estimate_test.cpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace rr::schedule {

class TokenEstimate {
 public:
  int of(std::size_t text_bytes, int max_length) const {
    const double tokens = kSpecialTokens + static_cast<double>(text_bytes) * ratio();
    return std::max(1, static_cast<int>(std::min(tokens, static_cast<double>(max_length))));
  }

  // Truncated pairs say nothing about the ratio and are not to be added.
  void add(std::size_t text_bytes, std::int64_t tokens) {
    bytes_ = bytes_ * kFade + static_cast<double>(text_bytes);
    tokens_ = tokens_ * kFade + std::max(0.0, static_cast<double>(tokens) - kSpecialTokens);
  }

 private:
  static constexpr double kSpecialTokens = 3;
  static constexpr double kFade = 0.995;
  double ratio() const { return tokens_ / bytes_; }

  // Until something was seen: four bytes a token, as in English.
  double bytes_ = 4000;
  double tokens_ = 1000;
};

}  // namespace rr::schedule
