// The identity of every pair of a request: which pairs are the same, inside it and anywhere else.
// Pure; thread-safe. Cost: one SHA-256 pass over queries and documents. Tested by
// request_keys_test.cpp.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "cache/pair_key.h"
#include "rerank/request.h"

namespace rr::rerank {

struct RequestKeys {
  // The distinct pairs, in order of first appearance.
  struct Pair {
    cache::PairKey key;
    std::size_t document = 0;  // first index that has it
    std::size_t query = 0;     // into request.queries
  };
  std::vector<Pair> pairs;
  std::vector<std::size_t> pair_of;  // [documents] -> pairs
};

// What this request changes about the input, as the tokenizer takes it; `server_max_length` caps
// the request's.
text::PairOptions pair_options(const RerankRequest& request, int server_max_length);

// Covers the fingerprint, everything in `options`, and the query.
cache::QueryKey query_key(std::string_view fingerprint,
                          const text::PairOptions& options,
                          std::string_view query);

// Requires one query, or one per document.
RequestKeys request_keys(std::string_view fingerprint,
                         const text::PairOptions& options,
                         const RerankRequest& request);

}  // namespace rr::rerank
