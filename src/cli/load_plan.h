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

struct CountRange {
  int least = 0;
  int most = 0;
};

// "20" or "15-40", within 1…100000. `option` names the culprit in the message.
Result<CountRange> parse_count_range(std::string_view option, std::string_view text);

// `text` is a JSON object; what stands between its braces, so that it can follow other members.
Result<std::string> parse_extra_fields(std::string_view text);

struct LoadShape {
  CountRange documents{4, 4};  // of one request
  CountRange tokens{15, 40};   // of one document, about: common words, one token each mostly
  double duplicates = 0;       // share of requests that repeat an earlier one, [0, 1)
  std::uint64_t distinct = 0;  // above 0: that many different requests, sent in turn
  std::string extra_fields;    // members of every body besides query and documents
  std::uint64_t seed = 1;
};

// The request that number `index` repeats: itself, or an earlier original.
std::uint64_t original_of(const LoadShape& shape, std::uint64_t index);

int documents_of(const LoadShape& shape, std::uint64_t index);

// {"query":…,"documents":[…]} and the extra fields.
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
