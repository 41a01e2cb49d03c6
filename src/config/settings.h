// The options as typed values, grouped by who needs them; made from a Configuration, with the
// checks that look at more than one option. A value. Tested by settings_test.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "cache/redis_options.h"
#include "config/configuration.h"

namespace rr::config {

enum class MaxLengthOrigin { kDefault, kGiven };
enum class ScoreRule { kSigmoid, kLogit, kModel };

struct ModelSettings {
  std::string model;                 // "builtin", a directory, or a Hub id
  std::filesystem::path local_path;  // empty = not given
  std::string revision;              // of a Hub id
  std::string hub_endpoint;          // https://…
  std::string hub_token;             // secret
  bool hub_offline = false;          // never touch the network
  std::filesystem::path hub_cache;   // the folder that holds models--ORG--NAME
  int max_length = 0;                // tokens
  MaxLengthOrigin max_length_origin = MaxLengthOrigin::kDefault;
  std::string served_name;  // empty = the model's own
  bool warm_up = true;
};

struct NumericsSettings {
  std::string device;        // "auto", "cpu", "cuda", "cuda:N"
  std::string quantization;  // "none", "bf16", "int8", "fp16", "fp8"
  bool mixed_precision = false;
  ScoreRule score = ScoreRule::kSigmoid;
  int threads = 0;  // 0 = from quota and cpuset
  bool pin_threads = false;
  std::string isa;  // empty = the best one
};

struct ServerSettings {
  std::string host;
  int port = 0;
  int max_documents = 0;
  std::size_t max_body_bytes = 0;
  bool return_documents = true;
  std::vector<std::string> api_keys;      // empty = open
  std::vector<std::string> cors_origins;  // empty = none
  Duration drain_delay{};
  Duration drain_timeout{};
};

struct QueueSettings {
  int max_parallel = 0;
  int max_queue = 0;
  Duration queue_timeout{};
  Duration worker_timeout{};
  int max_retries = 0;
  int batch_pairs = 0;   // 0 = chosen
  int batch_tokens = 0;  // 0 = chosen
};

struct CacheSettings {
  bool enabled = true;
  Duration ttl{};
  std::size_t max_bytes = 0;
  Duration clear_interval{};  // 0 = never
};

struct MicroBatchSettings {
  bool enabled = false;
  Duration window{};
  int max_requests = 0;
};

struct RedisSettings {
  bool enabled = false;
  cache::RedisOptions options;  // all but the fingerprint
};

struct LogSettings {
  log::Level level = log::Level::kInfo;
  log::Format format = log::Format::kText;
};

struct Settings {
  ModelSettings model;
  NumericsSettings numerics;
  ServerSettings server;
  QueueSettings queue;
  CacheSettings cache;
  MicroBatchSettings micro_batch;
  RedisSettings redis;
  LogSettings log;
};

// kInvalidArgument with one line.
Result<Settings> make_settings(const Configuration& configuration);

}  // namespace rr::config
