// What the server's owner sets: limits of a connection and what the routes need to know. Values.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "api/call.h"

namespace rr::http {

struct ConnectionLimits {
  std::size_t header_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{32} << 20;
  Duration idle_timeout = std::chrono::seconds(75);   // for a whole head, from the last answer on
  Duration body_timeout = std::chrono::seconds(60);   // for a whole body
  Duration write_timeout = std::chrono::seconds(60);  // for a whole answer
  Duration linger_timeout = std::chrono::seconds(2);  // for the client to close after our last word
};

struct SiteOptions {
  api::ReadOptions read;
  std::vector<std::string> api_keys;
  std::vector<std::string> cors_origins;  // "*" = any
  std::string version;
  std::string commit;
  int max_batch_tokens = 0;  // for /info
  int threads = 0;           // for /info
};

}  // namespace rr::http
