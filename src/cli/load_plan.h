// What the load generator sends: request bodies that are a function of (seed, index) alone, so that
// a run can be repeated and a duplicate is byte-identical to what it repeats. Every pair of a run
// is distinct unless `duplicates` asks for repeats. Pure; thread-safe. Tested by
// load_plan_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace rr::cli {

struct TokenRange {
  int least = 15;
  int most = 40;
};

// "20" or "15-40", within 1…100000.
Result<TokenRange> parse_token_range(std::string_view text);

struct LoadShape {
  int documents = 4;  // of one request
  TokenRange tokens;  // of one document, about: common words, each one token in most vocabularies
  double duplicates = 0;  // share of requests that repeat an earlier one, [0, 1)
  std::uint64_t seed = 1;
};

// The request that number `index` repeats: itself, or an earlier original.
std::uint64_t original_of(const LoadShape& shape, std::uint64_t index);

// {"query":…,"documents":[…]}
std::string load_body(const LoadShape& shape, std::uint64_t index);

// Time between arrival index-1 and arrival index of a Poisson process of `rate` per second.
Duration arrival_gap(std::uint64_t seed, std::uint64_t index, double rate);

// http://HOST[:PORT][/PATH]; no path means /rerank.
struct LoadTarget {
  std::string host;
  std::string port = "80";
  std::string path = "/rerank";
};
Result<LoadTarget> parse_target(std::string_view url);

}  // namespace rr::cli
