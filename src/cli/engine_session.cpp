#include "cli/engine_session.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/cpu_quota.h"
#include "base/log.h"
#include "cache/redis_score_cache.h"
#include "checkpoint/mapped_file.h"
#include "cli/build_info.h"
#include "cli/command.h"
#include "engine/self_test.h"
#include "eval/price_list.h"
#include "kernels/kernel_table.h"

namespace rr::cli {

namespace {

engine::CpuExecutorOptions executor_options(const config::Settings& settings,
                                            const model::LoadedModel& loaded) {
  engine::CpuExecutorOptions options;
  options.threads = engine_threads(settings.numerics);
  options.isa = settings.numerics.isa;
  options.quantization = settings.numerics.quantization;
  options.mixed_precision = mixed_precision(settings.numerics);
  options.max_seqlen = loaded.max_length;
  options.batch_tokens = settings.queue.batch_tokens / options.threads;
  return options;
}

// What `rerankd compare` wrote beside the model, as long as it is of these weights; a list that
// cannot be read is no reason to serve nothing.
std::string price_list_of(const ModelPlace& place, const model::LoadedModel& loaded) {
  constexpr std::size_t kBytesMax = std::size_t{1} << 20;
  const auto json = checkpoint::read_small_file(place.dir / "price_list.json", kBytesMax);
  if (json.status().code() == Code::kNotFound) {
    return {};
  }
  const auto list =
      json.ok() ? eval::parse_price_list(*json) : Result<eval::PriceList>(json.status());
  if (!list.ok()) {
    log::warn("price_list.json is not served", {{"reason", list.status().message()}});
    return {};
  }
  if (list->content_digest != loaded.content_digest.hex()) {
    log::warn("price_list.json is not served",
              {{"reason", "it was made for other weights or another maximum length"}});
    return {};
  }
  return eval::price_list_json(*list);
}

rerank::ModelInfo model_info(const config::Settings& settings,
                             const ModelPlace& place,
                             const model::LoadedModel& loaded,
                             const engine::ExecutorInfo& executor) {
  rerank::ModelInfo info;
  info.name = settings.model.served_name.empty() ? place.name : settings.model.served_name;
  info.source = place.source;
  info.family = loaded.spec.family;
  info.fingerprint = model::fingerprint(loaded.content_digest, executor.numerics).hex();
  info.dtype = loaded.dtype;
  info.max_length = loaded.max_length;
  info.executor = executor;
  info.declared_activation = loaded.declared_activation;
  info.calibration_json = loaded.calibration_json;
  return info;
}

metrics::BuildInfo build_facts(const engine::ExecutorInfo& executor) {
  return {.version = std::string(build_info().version),
          .commit = std::string(build_info().commit),
          .compiler = std::string(build_info().compiler),
          .isa = executor.isa,
          .quantization = executor.quantization};
}

rerank::RerankerOptions serving_options(const config::Settings& settings) {
  return {.max_parallel = settings.queue.max_parallel,
          .max_queue = settings.queue.max_queue,
          .queue_timeout = settings.queue.queue_timeout,
          .worker_timeout = settings.queue.worker_timeout,
          .max_retries = settings.queue.max_retries,
          .batch_pairs = settings.queue.batch_pairs,
          .batch_tokens = settings.queue.batch_tokens,
          .micro_batch_enabled = settings.micro_batch.enabled,
          .micro_batch_window = settings.micro_batch.window,
          .micro_batch_max_size = settings.micro_batch.max_requests,
          .cache_enabled = settings.cache.enabled,
          .cache_ttl = settings.cache.ttl,
          .cache_max_bytes = settings.cache.max_bytes,
          .cache_clean_interval = settings.cache.clear_interval,
          .claim_lease = settings.redis.enabled ? settings.redis.options.lease : Duration::zero()};
}

rerank::RerankerOptions batch_options(const config::Settings& settings) {
  constexpr Duration kNoLimit = std::chrono::hours(24 * 365);
  rerank::RerankerOptions options = serving_options(settings);
  options.max_parallel = kBatchRequestsInFlight;
  options.max_queue = kBatchRequestsInFlight;
  options.queue_timeout = kNoLimit;
  options.worker_timeout = kNoLimit;
  options.micro_batch_enabled = false;
  options.cache_enabled = false;
  return options;
}

rerank::ScoreRule resolved_rule(config::ScoreRule rule, const std::string& declared_activation) {
  const bool raw = rule == config::ScoreRule::kLogit ||
                   (rule == config::ScoreRule::kModel && declared_activation == "identity");
  return raw ? rerank::ScoreRule::kLogit : rerank::ScoreRule::kSigmoid;
}

// Redis where it is asked for; commands that score a file share nothing.
Result<std::unique_ptr<cache::ScoreCache>> make_shared_cache(const config::RedisSettings& redis,
                                                             Purpose purpose,
                                                             const std::string& fingerprint,
                                                             metrics::Metrics& metrics,
                                                             const Clock& clock) {
  if (!redis.enabled || purpose != Purpose::kServe) {
    return cache::make_no_score_cache();
  }
  cache::RedisOptions options = redis.options;
  options.fingerprint = fingerprint;
  return cache::make_redis_score_cache(options, metrics, clock);
}

}  // namespace

Result<ModelPlace> find_model(const config::ModelSettings& settings) {
  return find_model(
      settings,
      builtin_model_dirs(executable_path(), std::filesystem::path(build_info().source_dir)));
}

int engine_threads(const config::NumericsSettings& numerics) {
  const int usable = usable_cpus();
  if (numerics.threads > usable) {
    log::warn("more threads than CPUs that this process may use",
              {{"threads", numerics.threads}, {"usable_cpus", usable}});
  }
  return numerics.threads > 0 ? numerics.threads : usable;
}

engine::MixedPrecision mixed_precision(const config::NumericsSettings& numerics) {
  return numerics.mixed_precision ? engine::MixedPrecision::kOn : engine::MixedPrecision::kOff;
}

Status check_device(const config::NumericsSettings& numerics) {
  if (numerics.device == "auto" || numerics.device == "cpu") {
    return {};
  }
  return Status(Code::kUnsupported,
                fmt::format("RERANKER_DEVICE: \"{}\" cannot be used: this build has no CUDA; "
                            "allowed: auto, cpu",
                            numerics.device));
}

namespace {

// A wrong name of a dtype or an instruction set is found later, where it is used.
model::WeightFormat weight_format(const config::NumericsSettings& numerics) {
  const auto format = model::weight_format_from_name(numerics.quantization);
  const auto isa = kernels::isa_from_name(numerics.isa);
  if (!format.ok() || *format != model::WeightFormat::kFloat32 || !isa.ok() ||
      numerics.mixed_precision) {
    return format.ok() ? *format : model::WeightFormat::kFloat32;
  }
  const bool parts = kernels::kernel_table(*isa).split.weights == kernels::Storage::kBf16x3;
  return parts ? model::WeightFormat::kFloat32AsBFloat16x3 : model::WeightFormat::kFloat32;
}

}  // namespace

model::LoadOptions load_options(const config::Settings& settings) {
  model::LoadOptions options;
  if (settings.model.max_length_origin == config::MaxLengthOrigin::kGiven) {
    options.max_length = settings.model.max_length;
  }
  options.memory_limit_bytes = static_cast<std::int64_t>(cgroup_memory_limit("/").value_or(0));
  options.weight_format = weight_format(settings.numerics);
  return options;
}

Status EngineSession::warm_up() {
  RR_RETURN_IF_ERROR(
      engine::self_test(*executor_, loaded_.spec, loaded_.weights, executor_options_, clock_));
  constexpr std::array<std::string_view, 3> kDocuments = {
      "Paris is the capital and largest city of France.", "Bananas are rich in potassium.", ""};
  const text::PairOptions options{.max_length = model().max_length};
  const auto query = tokenizer().encode_query("what is the capital of France?", options);
  std::vector<TokenId> input_ids;
  std::vector<TokenId> token_type_ids;
  std::vector<int> cu_seqlens = {0};
  text::EncodedPair pair;
  for (const std::string_view document : kDocuments) {
    tokenizer().encode_pair(query, document, options, pair);
    input_ids.insert(input_ids.end(), pair.input_ids.begin(), pair.input_ids.end());
    token_type_ids.insert(
        token_type_ids.end(), pair.token_type_ids.begin(), pair.token_type_ids.end());
    cu_seqlens.push_back(static_cast<int>(input_ids.size()));
  }
  std::array<float, kDocuments.size()> first{};
  for (int worker = 0; worker < executor_->workers(); ++worker) {
    std::array<float, kDocuments.size()> logits{};
    RR_RETURN_IF_ERROR(executor_->score(worker, {input_ids, token_type_ids, cu_seqlens}, logits));
    if (worker > 0 && logits != first) {
      return Status(Code::kDeviceFailure,
                    fmt::format("[self-test] worker {} scores the same pairs otherwise", worker));
    }
    first = logits;
  }
  return {};
}

Result<std::unique_ptr<EngineSession>> EngineSession::open(const config::Settings& settings,
                                                           const SessionOptions& options) {
  RR_RETURN_IF_ERROR(check_device(settings.numerics));
  RR_ASSIGN_OR_RETURN(const ModelPlace place, cli::find_model(settings.model));
  auto session = std::unique_ptr<EngineSession>(new EngineSession());
  RR_ASSIGN_OR_RETURN(session->loaded_, model::load_model(place.dir, load_options(settings)));
  session->executor_options_ = executor_options(settings, session->loaded_);
  RR_ASSIGN_OR_RETURN(
      session->executor_,
      engine::make_cpu_executor(
          session->loaded_.spec, session->loaded_.weights, session->executor_options_));
  rerank::ModelInfo info =
      model_info(settings, place, session->loaded_, session->executor_->info());
  if (options.purpose == Purpose::kServe) {
    info.price_list_json = price_list_of(place, session->loaded_);
  }
  session->metrics_ =
      std::make_unique<metrics::Metrics>(options.metric_routes, build_facts(info.executor));
  RR_ASSIGN_OR_RETURN(
      session->shared_cache_,
      make_shared_cache(
          settings.redis, options.purpose, info.fingerprint, *session->metrics_, session->clock_));
  session->reranker_ = std::make_unique<rerank::Reranker>(
      std::move(info),
      *session->loaded_.tokenizer,
      *session->executor_,
      *session->shared_cache_,
      *session->metrics_,
      session->clock_,
      options.purpose == Purpose::kServe ? serving_options(settings) : batch_options(settings));
  session->score_rule_ =
      resolved_rule(settings.numerics.score, session->loaded_.declared_activation);
  if (options.purpose == Purpose::kBatch) {
    session->reranker_->set_ready();
  }
  return session;
}

}  // namespace rr::cli
