// Facts that /health, /info and /metrics show: gathered by rerank/, rendered by api/.
#pragma once

#include <cstdint>
#include <string>

#include "cache/score_cache.h"
#include "engine/executor.h"

namespace rr::rerank {

// Fixed once the model is loaded.
struct ModelInfo {
  std::string name;         // served name
  std::string source;       // "builtin", "local", "hub"
  std::string family;       // "bert"
  std::string fingerprint;  // hex
  std::string dtype;        // of the checkpoint: "float32", "bfloat16", "float16"
  int max_length = 0;
  engine::ExecutorInfo executor;
  std::string
      declared_activation;       // "sigmoid" or "identity": what the checkpoint's config declares
  std::string calibration_json;  // models/…/calibration.json as it is, or empty
  std::string price_list_json;   // what `rerankd compare` measured for this fingerprint, or empty
};

struct QueueStats {
  std::int64_t waiting = 0;  // requests
  std::int64_t active = 0;   // requests
  std::int64_t queued_tokens = 0;
  int max_parallel = 0;
  int max_queue = 0;
};

struct MicroBatchStats {
  bool enabled = false;
  std::uint64_t total_requests = 0;
  std::uint64_t total_batches = 0;
  double avg_batch_size = 0;  // requests per batch
};

struct LocalCacheStats {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
};

// A snapshot; cheap enough for every /health.
struct ServiceState {
  QueueStats queue;
  MicroBatchStats micro_batcher;
  LocalCacheStats local_cache;
  cache::RemoteStats distributed_cache;
  bool ready = false;
};

}  // namespace rr::rerank
