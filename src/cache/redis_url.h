// REDIS_URL to where and how to connect:
//   redis://[[user]:password@]host[:port][/db]     plain TCP, port 6379
//   rediss://…                                     the same over TLS
//   unix://[[user]:password@]/path/to.sock[?db=N]  also [&db=N]
// User and password are percent-decoded; IPv6 hosts stand in brackets; anything else, unknown query
// parameters included, is refused with kInvalidArgument, and the message never shows the password.
// Pure; thread-safe. Tested by redis_url_test.cpp.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rr::cache {

struct RedisEndpoint {
  enum class Transport { kTcp, kTls, kUnix };
  Transport transport = Transport::kTcp;
  std::string host = "localhost";  // kTcp, kTls
  int port = 6379;
  std::string path;  // kUnix
  std::string user;  // empty = the default user
  std::string password;
  int database = 0;

  // For logs: no secret.
  std::string shown() const;
};

Result<RedisEndpoint> parse_redis_url(std::string_view url);

}  // namespace rr::cache
