// PairKey: everything that can change a pair's score, so that two pairs share a key only if they
// share the score.
//   model     the fingerprint (weights, tokenizer, config, maximum length, template, numerics id)
//   profile   what this request changed about the input (truncation side, caps, instruction)
//   query, document   SHA-256 cut to 128 bits: clients are not trusted, nobody may plant a score
//   for another's text
// Flags of the answer alone (raw_scores, top_n, return_documents) never enter. Values; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/digest.h"

namespace rr::cache {

// model, profile and query folded into one digest: the pairs of one request share it.
struct QueryKey {
  Digest128 digest;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the defaulted operator's 0 for ours
  auto operator<=>(const QueryKey&) const = default;
};

struct PairKey {
  QueryKey query;
  Digest128 document;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the defaulted operator's 0 for ours
  auto operator<=>(const PairKey&) const = default;
};

struct PairKeyHash {
  std::size_t operator()(const PairKey& key) const {
    const DigestHash hash;
    return hash(key.query.digest) * 0x9E3779B97F4A7C15ULL + hash(key.document);
  }
};

// What is stored: enough for a hit to answer exactly as a fresh score would.
struct CachedScore {
  float logit = 0;
  bool truncated = false;
  bool operator==(const CachedScore&) const = default;
};

}  // namespace rr::cache
