// Small rules about header values: content types, Accept, keys, request ids. Pure. Tested by
// headers_test.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace rr::http {

// Read as JSON: no type at all, application/json, */*+json, text/plain, and what `curl -d` sends.
bool is_json_type(std::string_view content_type);

// Accept names application/json before any text type.
bool accepts_json(std::string_view accept);

// 1 to 128 visible ASCII characters.
bool is_request_id(std::string_view text);

// The keys of RERANKER_API_KEY. Comparing takes the same time wherever keys differ: digests are
// compared, all of them, to the end.
class ApiKeys {
 public:
  explicit ApiKeys(const std::vector<std::string>& keys);
  bool required() const { return !digests_.empty(); }
  // `Bearer <key>`, or the bare key, as one client sends it.
  bool allow(std::string_view authorization) const;

 private:
  std::vector<Digest128> digests_;
};

}  // namespace rr::http
