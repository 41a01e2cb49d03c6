// A model made ready to score in this process, the same way for every command: find the folder,
// load, choose kernels, self-test, start the request path. One line a failure. Owns its parts and
// takes them down in order. Open once per process; the Reranker is thread-safe.
// Tested by tests/cli_test.sh and tests/soak_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cache/score_cache.h"
#include "cli/model_place.h"
#include "config/settings.h"
#include "engine/cpu_executor.h"
#include "metrics/metrics.h"
#include "model/loaded_model.h"
#include "rerank/reranker.h"
#include "rerank/score.h"

namespace rr::cli {

// kBatch: for commands that score much and answer nobody. No cache (every pair is computed), no
// limit on queue or time.
enum class Purpose { kServe, kBatch };

// Requests that a kBatch session takes at once.
constexpr int kBatchRequestsInFlight = 8;

struct SessionOptions {
  Purpose purpose = Purpose::kBatch;
  std::vector<std::string> metric_routes;
};

class EngineSession {
 public:
  static Result<std::unique_ptr<EngineSession>> open(const config::Settings& settings,
                                                     const SessionOptions& options);

  rerank::Reranker& reranker() { return *reranker_; }
  const rerank::ModelInfo& model() const { return reranker_->model(); }
  const text::Tokenizer& tokenizer() const { return *loaded_.tokenizer; }
  const model::LoadedModel& loaded() const { return loaded_; }
  const engine::Executor& executor() const { return *executor_; }
  metrics::Metrics& metrics() { return *metrics_; }
  const Clock& clock() const { return clock_; }
  // RERANKER_SCORE, `model` resolved to what the checkpoint declares.
  rerank::ScoreRule score_rule() const { return score_rule_; }
  // The engine's self-test, then every worker scores the same few pairs and must agree in every
  // bit, which also touches all memory that a request needs. An error means: serve nothing.
  Status warm_up();

 private:
  EngineSession() = default;

  SystemClock clock_;
  rerank::ScoreRule score_rule_ = rerank::ScoreRule::kSigmoid;
  model::LoadedModel loaded_;
  engine::CpuExecutorOptions executor_options_;
  std::unique_ptr<engine::Executor> executor_;
  std::unique_ptr<metrics::Metrics> metrics_;
  std::unique_ptr<cache::ScoreCache> shared_cache_;
  std::unique_ptr<rerank::Reranker> reranker_;  // last: its threads use all of the above
};

// Where `settings` say the model is, for this program.
Result<ModelPlace> find_model(const config::ModelSettings& settings);

// Threads that the engine gets: as asked for, else what quota and cpuset allow.
int engine_threads(const config::NumericsSettings& numerics);

engine::MixedPrecision mixed_precision(const config::NumericsSettings& numerics);

// kUnsupported for a device that this build does not have.
Status check_device(const config::NumericsSettings& numerics);

model::LoadOptions load_options(const config::Settings& settings);

}  // namespace rr::cli
