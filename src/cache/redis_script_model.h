// The scripts' meaning in C++: a Redis of one process for tests of the protocol, with a clock of
// its own. It reads the same arguments and answers the same replies as the Lua text does;
// redis_live_redis_test.cpp holds both to each other. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cache/redis_codec.h"

namespace rr::cache {

class RedisScriptModel {
 public:
  struct Lease {
    std::int64_t ends_ms = 0;
    std::string holder;                // "<owner>.<number>"
    std::vector<std::string> waiting;  // owners
  };
  enum class Writes { kTaken, kRefused };

  RespValue run(const ScriptCall& call, std::int64_t now_ms);

  // Channel and payload of what was published since the last call.
  std::vector<std::pair<std::string, std::string>> take_published();
  void set_writes(Writes writes) { writes_ = writes; }
  // By document digest bytes, for one query: nullptr when there is none.
  const Lease* lease(const std::string& query_key, const std::string& document) const;
  void put_score(const std::string& query_key, const std::string& document, std::string value);
  void put_lease(const std::string& query_key, const std::string& document, Lease lease);
  // The time of the last claim, renewal, release or store of a document; -1 = never.
  std::int64_t last_sign_ms(const std::string& query_key, const std::string& document) const;
  bool has_score(const std::string& query_key, const std::string& document) const;

 private:
  using Documents = std::map<std::string, std::string>;
  RespValue lookup(const std::vector<std::string>& arguments, std::int64_t now_ms);
  std::string look_up_one(const std::string& key,
                          const std::string& document,
                          const std::vector<std::string>& arguments,
                          std::int64_t now_ms);
  RespValue store(const std::vector<std::string>& arguments, std::int64_t now_ms);
  RespValue release(const std::vector<std::string>& arguments, std::int64_t now_ms);
  RespValue renew(const std::vector<std::string>& arguments, std::int64_t now_ms);
  RespValue count(const std::vector<std::string>& arguments);
  void publish(const std::string& prefix,
               const std::string& query,
               const std::vector<std::pair<Lease, std::string>>& entries);

  Writes writes_ = Writes::kTaken;
  std::map<std::string, std::map<std::string, std::string>> scores_;
  std::map<std::string, std::map<std::string, Lease>> leases_;
  std::map<std::pair<std::string, std::string>, std::int64_t> signs_;
  std::int64_t stored_ = 0;
  std::vector<std::pair<std::string, std::string>> published_;
};

}  // namespace rr::cache
