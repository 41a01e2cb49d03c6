#include "rerank/request_keys.h"

#include <algorithm>
#include <unordered_map>

namespace rr::rerank {

text::PairOptions pair_options(const RerankRequest& request, int server_max_length) {
  text::PairOptions options;
  options.max_length =
      request.max_length > 0 ? std::min(request.max_length, server_max_length) : server_max_length;
  options.max_query_tokens = request.max_query_tokens;
  options.max_document_tokens = request.max_document_tokens;
  options.truncation_side = request.truncation_side;
  return options;
}

cache::QueryKey query_key(std::string_view fingerprint,
                          const text::PairOptions& options,
                          std::string_view query) {
  DigestBuilder digest;
  digest.add(fingerprint)
      .add_number(options.max_length)
      .add_number(options.max_query_tokens)
      .add_number(options.max_document_tokens)
      .add_number(static_cast<int>(options.truncation_side))
      .add(query);
  return {digest.finish()};
}

RequestKeys request_keys(std::string_view fingerprint,
                         const text::PairOptions& options,
                         const RerankRequest& request) {
  RequestKeys keys;
  keys.pairs.reserve(request.documents.size());
  keys.pair_of.reserve(request.documents.size());
  std::unordered_map<cache::PairKey, std::size_t, cache::PairKeyHash> seen;
  seen.reserve(request.documents.size());
  const bool one_query = request.queries.size() == 1;
  cache::QueryKey query = query_key(fingerprint, options, request.queries.front());
  for (std::size_t i = 0; i < request.documents.size(); ++i) {
    if (!one_query && i > 0 && request.queries[i] != request.queries[i - 1]) {
      query = query_key(fingerprint, options, request.queries[i]);
    }
    const cache::PairKey key{query, digest128(request.documents[i])};
    const auto [found, added] = seen.try_emplace(key, keys.pairs.size());
    if (added) {
      keys.pairs.push_back({key, i, one_query ? 0 : i});
    }
    keys.pair_of.push_back(found->second);
  }
  return keys;
}

}  // namespace rr::rerank
