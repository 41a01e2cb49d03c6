// For tests: a real redis-server of our own on a free loopback port and a socket in a temporary
// folder, and a blocking client to look at it. Waits are bounded. Not thread-safe.
// Used by redis_live_redis_test.cpp.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/temp_dir.h"
#include "cache/redis_options.h"
#include "cache/resp_value.h"

namespace rr::cache {

// A TCP port of 127.0.0.1 that is free now, below the range of outgoing connections.
int free_port();
// Waits without using the CPU.
void wait_ms(int milliseconds);

class RedisTestServer {
 public:
  // Why no server can be started here, or empty.
  static std::string missing();

  explicit RedisTestServer(std::vector<std::string> extra_arguments = {});
  ~RedisTestServer();
  RedisTestServer(const RedisTestServer&) = delete;
  RedisTestServer& operator=(const RedisTestServer&) = delete;

  void start();  // and waits until it answers
  void kill();   // SIGKILL: what it held is gone
  void pause();  // SIGSTOP
  void resume();
  bool is_running() const { return pid_ > 0; }

  int port() const { return port_; }
  std::string socket_path() const { return (dir_.path() / "redis.sock").string(); }
  const std::filesystem::path& dir() const { return dir_.path(); }
  RedisOptions options() const;  // that reach this server

  // One command on a connection of its own, as the default user or as `auth` says.
  RespValue command(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& auth = {}) const;
  // Of INFO commandstats; 0 when the command was never called.
  long calls_of(std::string_view command_name) const;

 private:
  TempDir dir_;
  int port_;
  std::vector<std::string> extra_arguments_;
  pid_t pid_ = -1;
};

}  // namespace rr::cache
