#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/option_value.h"

namespace rr::config {

namespace {

class Reader {
 public:
  explicit Reader(const Configuration& configuration) : configuration_(configuration) {}

  std::string text(std::string_view name) const { return configuration_.value(name).text; }
  bool boolean(std::string_view name) const { return as_boolean(text(name)); }
  int integer(std::string_view name) const { return static_cast<int>(as_integer(text(name))); }
  std::size_t size(std::string_view name) const {
    return static_cast<std::size_t>(as_integer(text(name)));
  }
  Duration seconds(std::string_view name) const { return from_seconds(as_number(text(name))); }
  Duration milliseconds(std::string_view name) const {
    return from_seconds(as_number(text(name)) / 1000);
  }

 private:
  const Configuration& configuration_;
};

Result<std::vector<std::string>> comma_list(std::string_view name, std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!item.empty() && item.front() == ' ') {
      item.remove_prefix(1);
    }
    while (!item.empty() && item.back() == ' ') {
      item.remove_suffix(1);
    }
    if (item.empty()) {
      return Status(Code::kInvalidArgument,
                    fmt::format("{}: has an empty entry; allowed: entries between commas", name));
    }
    items.emplace_back(item);
  }
  return items;
}

std::filesystem::path hub_cache(const Configuration& configuration) {
  const auto variable = [&](const char* name) {
    const auto it = configuration.environment().find(name);
    return it == configuration.environment().end() ? std::string() : it->second;
  };
  const std::string& hf_home = configuration.value("HF_HOME").text;
  if (!hf_home.empty()) {
    return std::filesystem::path(hf_home) / "hub";
  }
  const std::string xdg = variable("XDG_CACHE_HOME");
  const std::filesystem::path cache =
      xdg.empty() ? std::filesystem::path(variable("HOME")) / ".cache" : std::filesystem::path(xdg);
  return cache / "huggingface" / "hub";
}

ModelSettings model_settings(const Configuration& configuration, const Reader& read) {
  ModelSettings model;
  model.model = read.text("RERANKER_MODEL");
  model.local_path = read.text("RERANKER_MODEL_LOCAL_PATH");
  model.revision = read.text("RERANKER_MODEL_REVISION");
  model.hub_endpoint = read.text("HF_ENDPOINT");
  while (model.hub_endpoint.ends_with('/')) {
    model.hub_endpoint.pop_back();
  }
  model.hub_token = read.text("HF_TOKEN");
  model.hub_offline = read.boolean("HF_HUB_OFFLINE");
  model.hub_cache = hub_cache(configuration);
  model.max_length = read.integer("RERANKER_MAX_LENGTH");
  model.max_length_origin = configuration.value("RERANKER_MAX_LENGTH").origin == Origin::kDefault
                                ? MaxLengthOrigin::kDefault
                                : MaxLengthOrigin::kGiven;
  model.served_name = read.text("RERANKER_SERVED_NAME");
  model.warm_up = read.boolean("WARMUP_ON_START");
  return model;
}

ScoreRule score_rule(std::string_view text) {
  return text == "logit"   ? ScoreRule::kLogit
         : text == "model" ? ScoreRule::kModel
                           : ScoreRule::kSigmoid;
}

NumericsSettings numerics_settings(const Reader& read) {
  NumericsSettings numerics;
  numerics.device = read.text("RERANKER_DEVICE");
  numerics.quantization = read.text("QUANTIZATION");
  numerics.mixed_precision = read.boolean("ENABLE_MIXED_PRECISION");
  numerics.score = score_rule(read.text("RERANKER_SCORE"));
  numerics.threads = read.integer("RERANKER_THREADS");
  numerics.pin_threads = read.boolean("RERANKER_PIN_THREADS");
  numerics.isa = read.text("RERANKER_ISA");
  if (numerics.isa == "auto") {
    numerics.isa.clear();
  }
  return numerics;
}

Result<ServerSettings> server_settings(const Reader& read) {
  ServerSettings server;
  server.host = read.text("RERANKER_HOST");
  server.port = read.integer("RERANKER_PORT");
  server.max_documents = read.integer("RERANKER_MAX_DOCUMENTS");
  server.max_body_bytes = read.size("RERANKER_MAX_BODY_BYTES");
  server.return_documents = read.boolean("RERANKER_RETURN_DOCUMENTS");
  RR_ASSIGN_OR_RETURN(server.api_keys,
                      comma_list("RERANKER_API_KEY", read.text("RERANKER_API_KEY")));
  const std::string origins = read.text("RERANKER_CORS_ORIGINS");
  if (origins != "none") {
    RR_ASSIGN_OR_RETURN(server.cors_origins, comma_list("RERANKER_CORS_ORIGINS", origins));
  }
  server.drain_delay = read.seconds("RERANKER_DRAIN_DELAY");
  server.drain_timeout = read.seconds("RERANKER_DRAIN_TIMEOUT");
  return server;
}

QueueSettings queue_settings(const Reader& read) {
  QueueSettings queue;
  queue.max_parallel = read.integer("MAX_PARALLEL_REQUESTS");
  queue.max_queue = read.integer("RERANKER_MAX_QUEUE");
  queue.queue_timeout = read.seconds("RERANKER_QUEUE_TIMEOUT");
  queue.worker_timeout = read.seconds("RERANKER_WORKER_TIMEOUT");
  queue.max_retries = read.integer("RERANKER_MAX_RETRIES");
  queue.batch_pairs = read.integer("RERANKER_BATCH_SIZE");
  queue.batch_tokens = read.integer("RERANKER_MAX_BATCH_TOKENS");
  return queue;
}

CacheSettings cache_settings(const Reader& read) {
  CacheSettings cache;
  cache.enabled = read.boolean("ENABLE_PREDICTION_CACHE");
  cache.ttl = read.seconds("CACHE_TTL_SECONDS");
  cache.max_bytes = read.size("CACHE_MAX_BYTES");
  cache.clear_interval = read.seconds("CLEAR_CACHE_INTERVAL");
  return cache;
}

MicroBatchSettings micro_batch_settings(const Reader& read) {
  MicroBatchSettings micro_batch;
  micro_batch.enabled = read.boolean("MICRO_BATCH_ENABLED");
  micro_batch.window = read.milliseconds("MICRO_BATCH_WINDOW_MS");
  micro_batch.max_requests = read.integer("MICRO_BATCH_MAX_SIZE");
  return micro_batch;
}

bool is_key_prefix(const std::string& text) {
  constexpr std::size_t kMaxBytes = 64;
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') ||
           std::string_view("._:-").find(letter) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kMaxBytes &&
         std::all_of(text.begin(), text.end(), allowed);
}

Result<RedisSettings> redis_settings(const Reader& read) {
  RedisSettings redis;
  redis.enabled = read.boolean("REDIS_ENABLED");
  cache::RedisOptions& options = redis.options;
  auto endpoint = cache::parse_redis_url(read.text("REDIS_URL"));
  if (!endpoint.ok()) {
    return Status(Code::kInvalidArgument,
                  fmt::format("REDIS_URL: {}", endpoint.status().message()));
  }
  options.endpoint = *std::move(endpoint);
  options.ttl = read.seconds("REDIS_TTL_SECONDS");
  options.pool_size = read.integer("REDIS_POOL_SIZE");
  options.timeout = read.milliseconds("REDIS_TIMEOUT_MS");
  options.lease = read.milliseconds("REDIS_LEASE_MS");
  options.key_prefix = read.text("REDIS_KEY_PREFIX");
  if (!is_key_prefix(options.key_prefix)) {
    return Status(Code::kInvalidArgument,
                  fmt::format("REDIS_KEY_PREFIX: \"{}\" cannot be used; allowed: 1 to 64 of "
                              "letters, digits and ._:-",
                              options.key_prefix));
  }
  options.tls = {.ca_file = read.text("REDIS_TLS_CA"),
                 .cert_file = read.text("REDIS_TLS_CERT"),
                 .key_file = read.text("REDIS_TLS_KEY"),
                 .server_name = read.text("REDIS_TLS_SERVER_NAME")};
  return redis;
}

Status check_together(const Configuration& configuration) {
  const std::string& device = configuration.value("RERANKER_DEVICE").text;
  const std::string& quantization = configuration.value("QUANTIZATION").text;
  const bool cuda_only = quantization == "fp16" || quantization == "fp8";
  if (cuda_only && device.substr(0, 4) != "cuda") {
    return Status(Code::kInvalidArgument,
                  fmt::format("QUANTIZATION: \"{}\" needs RERANKER_DEVICE=cuda; allowed on a CPU: "
                              "none, bf16, int8",
                              quantization));
  }
  const bool certificate = !configuration.value("REDIS_TLS_CERT").text.empty();
  const bool key = !configuration.value("REDIS_TLS_KEY").text.empty();
  if (certificate != key) {
    return Status(Code::kInvalidArgument,
                  "REDIS_TLS_CERT and REDIS_TLS_KEY: only one is set; allowed: both or neither");
  }
  return {};
}

log::Level log_level(std::string_view text) {
  return text == "trace"   ? log::Level::kTrace
         : text == "debug" ? log::Level::kDebug
         : text == "warn"  ? log::Level::kWarn
         : text == "error" ? log::Level::kError
                           : log::Level::kInfo;
}

}  // namespace

Result<Settings> make_settings(const Configuration& configuration) {
  RR_RETURN_IF_ERROR(check_together(configuration));
  const Reader read(configuration);
  Settings settings;
  settings.model = model_settings(configuration, read);
  settings.numerics = numerics_settings(read);
  RR_ASSIGN_OR_RETURN(settings.server, server_settings(read));
  settings.queue = queue_settings(read);
  settings.cache = cache_settings(read);
  settings.micro_batch = micro_batch_settings(read);
  RR_ASSIGN_OR_RETURN(settings.redis, redis_settings(read));
  settings.log.level = log_level(read.text("LOG_LEVEL"));
  settings.log.format = read.text("LOG_FORMAT") == "json" ? log::Format::kJson : log::Format::kText;
  return settings;
}

}  // namespace rr::config
