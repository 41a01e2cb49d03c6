#include "api/health.h"

#include <gtest/gtest.h>

#include "api/info.h"
#include "api/models.h"

namespace rr::api {
namespace {

rerank::ModelInfo model() {
  rerank::ModelInfo model;
  model.name = "m";
  model.source = "builtin";
  model.family = "bert";
  model.fingerprint = "f0";
  model.dtype = "float32";
  model.max_length = 512;
  model.executor = {"cpu", "cpu", "avx2", "none", "avx2-fma.1", true, 1, 2};
  return model;
}

TEST(Health, TheObjectHasEveryKeyEvenWhenFeaturesAreOff) {
  rerank::ServiceState state;
  state.ready = true;
  state.queue = {1, 2, 3, 4, 512};
  state.local_cache.entries = 42;
  EXPECT_EQ(
      render_health(model(), state, {"1.0", 12.5, 1.7e9, false}),
      R"({"status":"ok","model":{"name":"m","source":"builtin","family":"bert","backend":"cpu",)"
      R"("device":"cpu","isa":"avx2","quantization":"none","numerics":"avx2-fma.1",)"
      R"("batch_invariant":true,"fingerprint":"f0","max_length":512,"local_cache_size":42},)"
      R"("distributed_cache":{"enabled":false,"connected":false,"cached_entries":0,)"
      R"("keyspace_hits":0,"keyspace_misses":0},)"
      R"("micro_batcher":{"enabled":false,"total_requests":0,"total_batches":0,)"
      R"("avg_batch_size":0.0},)"
      R"("queue":{"waiting":1,"active":2,"max_parallel":4,"max_queue":512},)"
      R"("version":"1.0","uptime_s":12.5,"unix":1700000000.0})");
}

TEST(Health, TheStatusSaysWhyTheServerIsNotReady) {
  rerank::ServiceState state;
  EXPECT_EQ(health_status(state, {}), "starting");
  state.ready = true;
  EXPECT_EQ(health_status(state, {}), "ok");
  HealthFacts draining;
  draining.draining = true;
  EXPECT_EQ(health_status(state, draining), "draining");
}

TEST(Info, TeiClientsFindARerankerAndItsLimits) {
  rerank::ServiceState state;
  state.queue = {0, 0, 0, 4, 512};
  auto with_prices = model();
  with_prices.price_list_json = R"({"int8":0.99})";
  EXPECT_EQ(render_info(with_prices, state, {"1.0", "", 10'000, 2048, 2}),
            R"({"model_id":"m","model_sha":null,"model_dtype":"float32","served_model_name":"m",)"
            R"("model_type":{"reranker":{"id2label":{"0":"LABEL_0"},"label2id":{"LABEL_0":0}}},)"
            R"("max_concurrent_requests":516,"max_input_length":512,"max_batch_tokens":2048,)"
            R"("max_batch_requests":null,"max_client_batch_size":10000,"auto_truncate":true,)"
            R"("tokenization_workers":2,"version":"1.0","sha":null,"docker_label":null,)"
            R"("fingerprint":"f0",)"
            R"("price_list":{"int8":0.99}})");
}

TEST(Models, TheListHasTheOneModelAsAReranker) {
  const std::string one =
      R"({"id":"m","object":"model","created":5,"owned_by":"rerankd","model_type":"rerank",)"
      R"("model_name":"m","max_model_len":512})";
  EXPECT_EQ(render_model(model(), 5), one);
  EXPECT_EQ(render_model_list(model(), 5), R"({"object":"list","data":[)" + one + "]}");
}

}  // namespace
}  // namespace rr::api
