// One HTTP(S) request by libcurl, bounded in time, size and redirects: for downloading models, and
// nothing else in the program speaks to the network as a client of the web. Certificates are always
// verified. A token is sent to the host of `url` only, never to where a redirect leads. Errors, one
// line without the token: kUnavailable (no connection, cut off, too slow, too many redirects),
// kTooLarge. Any HTTP status is an answer. Blocks. Tested by hub_download_test.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "base/result.h"

namespace rr::checkpoint {

enum class HttpMethod { kGet, kHead };

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string url;
  std::string token;              // empty = none
  std::uint64_t resume_from = 0;  // bytes that are there already
  std::uint64_t bytes_max = 0;    // of the body that this request brings
  int redirects_max = 5;          // 0: a redirect is the answer
  // Bytes of a body of status 200 or 206; false stops. Other bodies are dropped.
  std::function<bool(int status, std::span<const char> bytes)> sink;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // of the last response, names in lower case
};

Result<HttpAnswer> http_fetch(const HttpRequest& request);

}  // namespace rr::checkpoint
