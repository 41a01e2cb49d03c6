#include "api/health.h"

#include "base/json_text.h"

namespace rr::api {

namespace {

void write_model(JsonText& json, const rerank::ModelInfo& model, std::uint64_t local_entries) {
  const engine::ExecutorInfo& executor = model.executor;
  json.key("model").open_object().key("name").string(model.name);
  json.key("source").string(model.source).key("family").string(model.family);
  json.key("backend").string(executor.backend).key("device").string(executor.device);
  json.key("isa").string(executor.isa).key("quantization").string(executor.quantization);
  json.key("numerics").string(executor.numerics);
  json.key("batch_invariant").boolean(executor.batch_invariant);
  json.key("fingerprint").string(model.fingerprint).key("max_length").number(model.max_length);
  json.key("local_cache_size").number(local_entries).close_object();
}

void write_caches(JsonText& json, const rerank::ServiceState& state) {
  const cache::RemoteStats& remote = state.distributed_cache;
  json.key("distributed_cache").open_object().key("enabled").boolean(remote.enabled);
  json.key("connected").boolean(remote.connected);
  json.key("cached_entries").number(remote.cached_entries);
  json.key("keyspace_hits").number(remote.keyspace_hits);
  json.key("keyspace_misses").number(remote.keyspace_misses).close_object();
}

void write_batcher(JsonText& json, const rerank::MicroBatchStats& batcher) {
  json.key("micro_batcher").open_object().key("enabled").boolean(batcher.enabled);
  json.key("total_requests").number(batcher.total_requests);
  json.key("total_batches").number(batcher.total_batches);
  json.key("avg_batch_size").number(batcher.avg_batch_size).close_object();
}

void write_queue(JsonText& json, const rerank::QueueStats& queue) {
  json.key("queue").open_object().key("waiting").number(queue.waiting);
  json.key("active").number(queue.active).key("max_parallel").number(queue.max_parallel);
  json.key("max_queue").number(queue.max_queue).close_object();
}

}  // namespace

std::string_view health_status(const rerank::ServiceState& state, const HealthFacts& facts) {
  if (facts.draining) {
    return "draining";
  }
  return state.ready ? "ok" : "starting";
}

std::string render_health(const rerank::ModelInfo& model,
                          const rerank::ServiceState& state,
                          const HealthFacts& facts) {
  JsonText json;
  json.open_object().key("status").string(health_status(state, facts));
  write_model(json, model, state.local_cache.entries);
  write_caches(json, state);
  write_batcher(json, state.micro_batcher);
  write_queue(json, state.queue);
  json.key("version").string(facts.version).key("uptime_s").number(facts.uptime_s);
  json.key("unix").number(facts.unix_s).close_object();
  return std::move(json).text();
}

std::string render_status(std::string_view status) {
  JsonText json;
  json.open_object().key("status").string(status).close_object();
  return std::move(json).text();
}

}  // namespace rr::api
