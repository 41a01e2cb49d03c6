// Settings of the distributed cache, as the configuration hands them down: their ranges are checked
// there (config/option_table.cpp). Values.
#pragma once

#include <string>

#include "base/clock.h"
#include "cache/redis_url.h"

namespace rr::cache {

// For rediss://. Empty = the system's certificate store, no client certificate, the URL's host.
struct RedisTlsOptions {
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string server_name;
};

struct RedisOptions {
  RedisEndpoint endpoint;                            // REDIS_URL, by parse_redis_url()
  Duration ttl = std::chrono::seconds(600);          // REDIS_TTL_SECONDS
  int pool_size = 4;                                 // REDIS_POOL_SIZE
  Duration timeout = std::chrono::milliseconds(50);  // REDIS_TIMEOUT_MS
  Duration lease = std::chrono::milliseconds(2000);  // REDIS_LEASE_MS
  std::string key_prefix = "rerankd";                // REDIS_KEY_PREFIX
  RedisTlsOptions tls;                               // REDIS_TLS_*
  std::string fingerprint;                           // of the model, hex: entries are counted by it
};

}  // namespace rr::cache
