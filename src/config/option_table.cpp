// The option table. A row's default and meaning are what users read; keep them exact, and remake
// docs/ENV_VARS_QUICK_REF.md with `rerankd config --markdown` when one changes.
#include <array>

#include "config/option_spec.h"

namespace rr::config {

namespace {

constexpr double kMaxSeconds = 1e9;
constexpr double kMaxBytes = 1.0e15;

std::vector<OptionSpec> model_options() {
  return {
      {.name = "RERANKER_MODEL",
       .default_text = "builtin",
       .meaning = "`builtin`, a directory, or a Hub id such as "
                  "`cross-encoder/ms-marco-MiniLM-L-6-v2`, which is served from the local Hugging "
                  "Face cache; a model that cannot be loaded stops the start",
       .feature = Feature::kModel},
      {.name = "RERANKER_MODEL_LOCAL_PATH",
       .aliases = {"RERANKER_LOCAL_MODEL_PATH"},
       .kind = Kind::kPath,
       .meaning = "directory of a checkpoint; wins over `RERANKER_MODEL`",
       .feature = Feature::kModel},
      {.name = "RERANKER_MODEL_REVISION",
       .default_text = "main",
       .meaning = "branch, tag or commit of a Hub id",
       .feature = Feature::kModel},
      {.name = "HF_TOKEN",
       .kind = Kind::kSecret,
       .meaning = "token for private models of the Hub",
       .feature = Feature::kModel},
      {.name = "HF_HOME",
       .kind = Kind::kPath,
       .meaning = "folder of the Hugging Face cache (empty: `~/.cache/huggingface`); models are in "
                  "its `hub`",
       .feature = Feature::kModel},
      {.name = "HF_ENDPOINT",
       .default_text = "https://huggingface.co",
       .kind = Kind::kUrl,
       .choices = {"http", "https"},
       .meaning = "address of the Hub",
       .feature = Feature::kModel},
      {.name = "HF_HUB_OFFLINE",
       .default_text = "false",
       .kind = Kind::kBoolean,
       .meaning = "never touch the network for a model",
       .feature = Feature::kModel},
  };
}

std::vector<OptionSpec> use_options() {
  return {
      {.name = "RERANKER_MAX_LENGTH",
       .default_text = "512",
       .kind = Kind::kInteger,
       .least = 4,
       .most = 1'048'576,
       .unit = "tokens",
       .meaning = "longest pair, query and document and special tokens together; never above what "
                  "the model can take",
       .feature = Feature::kModel},
      {.name = "RERANKER_SERVED_NAME",
       .meaning = "name in answers and `/v1/models` (empty: the model's own)",
       .feature = Feature::kModel},
      {.name = "WARMUP_ON_START",
       .default_text = "true",
       .kind = Kind::kBoolean,
       .meaning = "warm-up and known-pair self-test before the server says that it is ready",
       .feature = Feature::kModel},
  };
}

std::vector<OptionSpec> number_options() {
  return {
      {.name = "RERANKER_DEVICE",
       .default_text = "auto",
       .kind = Kind::kDevice,
       .meaning = "where the model runs; `auto` takes a GPU where the build and the machine have "
                  "one",
       .feature = Feature::kNumbers},
      {.name = "QUANTIZATION",
       .aliases = {"RERANKER_QUANTIZATION"},
       .extra_flags = {"--dtype"},
       .default_text = "none",
       .kind = Kind::kChoice,
       .choices = {"none", "fp32", "bf16", "int8", "fp16", "fp8"},
       .meaning = "arithmetic of the weights: `none` (`fp32` is the same), `bf16`, `int8`; on CUDA "
                  "also `fp16`, `fp8`",
       .feature = Feature::kNumbers},
      {.name = "ENABLE_MIXED_PRECISION",
       .extra_flags = {"--mixed-precision"},
       .default_text = "false",
       .kind = Kind::kBoolean,
       .meaning = "with `none`: fp32 weights and 16-bit products where the hardware has them; with "
                  "`int8`: the parts that are not int8 run in bf16 (on AMX they always do); with "
                  "`bf16`: no effect",
       .feature = Feature::kNumbers},
      {.name = "RERANKER_SCORE",
       .default_text = "sigmoid",
       .kind = Kind::kChoice,
       .choices = {"sigmoid", "logit", "model"},
       .meaning = "what `relevance_score` is: sigmoid of the logit, the logit, or what the "
                  "checkpoint's config declares",
       .feature = Feature::kNumbers},
      {.name = "RERANKER_THREADS",
       .default_text = "0",
       .kind = Kind::kInteger,
       .least = 0,
       .most = 1024,
       .unit = "threads",
       .meaning = "compute threads; 0 = what the cgroup quota and the cpuset allow",
       .feature = Feature::kNumbers},
      {.name = "RERANKER_PIN_THREADS",
       .default_text = "false",
       .kind = Kind::kBoolean,
       .meaning = "bind each compute thread to one CPU",
       .feature = Feature::kNumbers},
      {.name = "RERANKER_ISA",
       .default_text = "auto",
       .kind = Kind::kChoice,
       .choices =
           {"auto", "generic", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512bf16", "amx"},
       .meaning = "instruction set of the kernels; one that this CPU lacks is an error",
       .feature = Feature::kNumbers},
  };
}

std::vector<OptionSpec> server_options() {
  return {
      {.name = "RERANKER_HOST",
       .aliases = {"HOST"},
       .default_text = "0.0.0.0",
       .meaning = "address to listen on",
       .feature = Feature::kServer},
      {.name = "RERANKER_PORT",
       .aliases = {"PORT"},
       .default_text = "8000",
       .kind = Kind::kInteger,
       .least = 0,
       .most = 65535,
       .meaning = "port to listen on; 0 = any free one, printed at start",
       .feature = Feature::kServer},
      {.name = "RERANKER_MAX_DOCUMENTS",
       .default_text = "10000",
       .kind = Kind::kInteger,
       .least = 1,
       .most = 1'000'000,
       .unit = "documents",
       .meaning = "most documents of one request",
       .feature = Feature::kServer},
      {.name = "RERANKER_MAX_BODY_BYTES",
       .default_text = "33554432",
       .kind = Kind::kInteger,
       .least = 1024,
       .most = 2'147'483'648.0,
       .unit = "bytes",
       .meaning = "longest request body",
       .feature = Feature::kServer},
  };
}

std::vector<OptionSpec> answer_options() {
  return {
      {.name = "RERANKER_RETURN_DOCUMENTS",
       .default_text = "true",
       .kind = Kind::kBoolean,
       .meaning = "default of `return_documents` on `/rerank` and `/v1/rerank`",
       .feature = Feature::kServer},
      {.name = "RERANKER_API_KEY",
       .kind = Kind::kSecret,
       .meaning = "comma-separated keys, sent as `Authorization: Bearer`; probes stay open",
       .feature = Feature::kServer},
      {.name = "RERANKER_CORS_ORIGINS",
       .default_text = "none",
       .meaning = "comma-separated origins that browsers may call from, `*` = any",
       .feature = Feature::kServer},
      {.name = "RERANKER_DRAIN_DELAY",
       .default_text = "0",
       .kind = Kind::kNumber,
       .least = 0,
       .most = 3600,
       .unit = "s",
       .meaning = "after SIGTERM: how long `/ready` is 503 while requests are still taken",
       .feature = Feature::kServer},
      {.name = "RERANKER_DRAIN_TIMEOUT",
       .default_text = "30",
       .kind = Kind::kNumber,
       .least = 0,
       .most = 3600,
       .unit = "s",
       .meaning = "after SIGTERM: how long running requests may take to finish",
       .feature = Feature::kServer},
  };
}

std::vector<OptionSpec> queue_options() {
  return {
      {.name = "MAX_PARALLEL_REQUESTS",
       .aliases = {"RERANKER_MAX_PARALLEL"},
       .default_text = "4",
       .kind = Kind::kInteger,
       .least = 1,
       .most = 65536,
       .unit = "requests",
       .meaning = "requests with pairs in the engine at one moment while micro-batching is off",
       .feature = Feature::kQueue},
      {.name = "RERANKER_MAX_QUEUE",
       .default_text = "512",
       .kind = Kind::kInteger,
       .least = 0,
       .most = 1'000'000,
       .unit = "requests",
       .meaning = "requests waiting; 0 = refuse at once when busy",
       .feature = Feature::kQueue},
      {.name = "RERANKER_QUEUE_TIMEOUT",
       .default_text = "30",
       .kind = Kind::kNumber,
       .least = 0.001,
       .most = 86400,
       .unit = "s",
       .meaning = "longest wait for a slot; 504 after it",
       .feature = Feature::kQueue},
      {.name = "RERANKER_WORKER_TIMEOUT",
       .default_text = "120",
       .kind = Kind::kNumber,
       .least = 0.001,
       .most = 86400,
       .unit = "s",
       .meaning = "longest scoring of one request; 504 after it",
       .feature = Feature::kQueue},
      {.name = "RERANKER_MAX_RETRIES",
       .default_text = "1",
       .kind = Kind::kInteger,
       .least = 0,
       .most = 10,
       .meaning = "retries of a batch after a device failure",
       .feature = Feature::kQueue},
      {.name = "RERANKER_BATCH_SIZE",
       .default_text = "0",
       .kind = Kind::kInteger,
       .least = 0,
       .most = 65536,
       .unit = "pairs",
       .meaning = "most pairs of one device batch; 0 = chosen",
       .feature = Feature::kQueue},
      {.name = "RERANKER_MAX_BATCH_TOKENS",
       .default_text = "0",
       .kind = Kind::kInteger,
       .least = 0,
       .most = 1'048'576,
       .unit = "tokens",
       .meaning = "most tokens of one device batch; 0 = chosen (CPU: 1,024 × threads)",
       .feature = Feature::kQueue},
  };
}

std::vector<OptionSpec> cache_options() {
  return {
      {.name = "ENABLE_PREDICTION_CACHE",
       .extra_flags = {"--prediction-cache"},
       .default_text = "true",
       .kind = Kind::kBoolean,
       .meaning = "keep the scores of pairs in memory",
       .feature = Feature::kCache},
      {.name = "CACHE_TTL_SECONDS",
       .default_text = "300",
       .kind = Kind::kNumber,
       .least = 0,
       .most = kMaxSeconds,
       .unit = "s",
       .meaning = "how long a score stays in memory; 0 = not at all",
       .feature = Feature::kCache},
      {.name = "CACHE_MAX_BYTES",
       .default_text = "268435456",
       .kind = Kind::kInteger,
       .least = 0,
       .most = kMaxBytes,
       .unit = "bytes",
       .meaning = "memory of the cache; the oldest scores leave first",
       .feature = Feature::kCache},
      {.name = "CLEAR_CACHE_INTERVAL",
       .default_text = "3600",
       .kind = Kind::kNumber,
       .least = 0,
       .most = kMaxSeconds,
       .unit = "s",
       .meaning = "how often scores that are past their time are cleared out; 0 = never",
       .feature = Feature::kCache},
  };
}

std::vector<OptionSpec> micro_batch_options() {
  return {
      {.name = "MICRO_BATCH_ENABLED",
       .default_text = "false",
       .kind = Kind::kBoolean,
       .meaning = "batches mix pairs of different requests",
       .feature = Feature::kMicroBatch},
      {.name = "MICRO_BATCH_WINDOW_MS",
       .default_text = "10.0",
       .kind = Kind::kNumber,
       .least = 0,
       .most = 60000,
       .unit = "ms",
       .meaning = "longest wait of a pair for company; never while the engine is idle",
       .feature = Feature::kMicroBatch},
      {.name = "MICRO_BATCH_MAX_SIZE",
       .default_text = "32",
       .kind = Kind::kInteger,
       .least = 1,
       .most = 65536,
       .unit = "requests",
       .meaning = "most requests in a batch",
       .feature = Feature::kMicroBatch},
  };
}

std::vector<OptionSpec> redis_options() {
  return {
      {.name = "REDIS_ENABLED",
       .default_text = "false",
       .kind = Kind::kBoolean,
       .meaning = "share scores between servers through Redis",
       .feature = Feature::kRedis},
      {.name = "REDIS_URL",
       .default_text = "redis://localhost:6379/0",
       .kind = Kind::kUrl,
       .choices = {"redis", "rediss", "unix"},
       .meaning = "`redis://`, `rediss://` (TLS) or `unix://`, with user, password, database",
       .feature = Feature::kRedis},
      {.name = "REDIS_TTL_SECONDS",
       .default_text = "600",
       .kind = Kind::kNumber,
       .least = 1,
       .most = kMaxSeconds,
       .unit = "s",
       .meaning = "how long a score stays in Redis",
       .feature = Feature::kRedis},
      {.name = "REDIS_POOL_SIZE",
       .default_text = "4",
       .kind = Kind::kInteger,
       .least = 1,
       .most = 64,
       .unit = "connections",
       .meaning = "connections to Redis",
       .feature = Feature::kRedis},
      {.name = "REDIS_TIMEOUT_MS",
       .default_text = "50",
       .kind = Kind::kNumber,
       .least = 1,
       .most = 60000,
       .unit = "ms",
       .meaning = "how long one request may spend with a Redis command outstanding",
       .feature = Feature::kRedis},
      {.name = "REDIS_LEASE_MS",
       .default_text = "2000",
       .kind = Kind::kNumber,
       .least = 100,
       .most = 600000,
       .unit = "ms",
       .meaning = "how long a server that computes a pair keeps others waiting for it after its "
                  "last sign of life",
       .feature = Feature::kRedis},
      {.name = "REDIS_KEY_PREFIX",
       .default_text = "rerankd",
       .meaning = "first part of every key in Redis; 1 to 64 of letters, digits and `._:-`",
       .feature = Feature::kRedis},
  };
}

std::vector<OptionSpec> redis_tls_options() {
  return {
      {.name = "REDIS_TLS_CA",
       .kind = Kind::kPath,
       .meaning = "file of certificate authorities for `rediss://` (empty: the system's); "
                  "certificates are always verified",
       .feature = Feature::kRedis},
      {.name = "REDIS_TLS_CERT",
       .kind = Kind::kPath,
       .meaning = "client certificate; needs `REDIS_TLS_KEY`",
       .feature = Feature::kRedis},
      {.name = "REDIS_TLS_KEY",
       .kind = Kind::kPath,
       .meaning = "private key of the client certificate",
       .feature = Feature::kRedis},
      {.name = "REDIS_TLS_SERVER_NAME",
       .meaning = "name that the server's certificate must carry (empty: the host of the URL)",
       .feature = Feature::kRedis},
  };
}

std::vector<OptionSpec> log_options() {
  return {
      {.name = "LOG_LEVEL",
       .default_text = "info",
       .kind = Kind::kChoice,
       .choices = {"trace", "debug", "info", "warn", "error"},
       .meaning = "the least important events that are logged",
       .feature = Feature::kLog},
      {.name = "LOG_FORMAT",
       .default_text = "text",
       .kind = Kind::kChoice,
       .choices = {"text", "json"},
       .meaning = "one line an event, for people or for machines",
       .feature = Feature::kLog},
  };
}

constexpr std::array kFeatures = {
    FeatureSpec{Feature::kModel,
                "Model",
                "RERANKER_MODEL=./models/builtin RERANKER_MAX_LENGTH=256 ./start_reranker.sh"},
    FeatureSpec{Feature::kNumbers,
                "Device and numbers",
                "RERANKER_THREADS=2 RERANKER_SCORE=logit ./start_reranker.sh"},
    FeatureSpec{Feature::kServer,
                "Server",
                "RERANKER_HOST=127.0.0.1 RERANKER_PORT=8001 RERANKER_API_KEY=secret "
                "./start_reranker.sh daemon\n"
                "curl -H 'Authorization: Bearer secret' localhost:8001/rerank "
                "-d '{\"query\":\"q\",\"documents\":[\"a\",\"b\"]}'"},
    FeatureSpec{Feature::kQueue,
                "Queue and batches",
                "MAX_PARALLEL_REQUESTS=2 RERANKER_MAX_QUEUE=64 RERANKER_QUEUE_TIMEOUT=5 "
                "./start_reranker.sh"},
    FeatureSpec{Feature::kCache,
                "Cache in memory",
                "CACHE_TTL_SECONDS=3600 CACHE_MAX_BYTES=1073741824 ./start_reranker.sh"},
    FeatureSpec{Feature::kMicroBatch,
                "Micro-batching",
                "MICRO_BATCH_ENABLED=true MICRO_BATCH_WINDOW_MS=2.5 ./start_reranker.sh"},
    FeatureSpec{Feature::kRedis,
                "Cache shared through Redis",
                "REDIS_ENABLED=true REDIS_URL=redis://localhost:6379/0 ./start_reranker.sh"},
    FeatureSpec{Feature::kLog, "Log", "LOG_LEVEL=debug LOG_FORMAT=json ./start_reranker.sh"},
};

}  // namespace

std::span<const OptionSpec> option_table() {
  static const std::vector<OptionSpec> table = [] {
    std::vector<OptionSpec> all;
    for (const auto& rows : {model_options(),
                             use_options(),
                             number_options(),
                             server_options(),
                             answer_options(),
                             queue_options(),
                             cache_options(),
                             micro_batch_options(),
                             redis_options(),
                             redis_tls_options(),
                             log_options()}) {
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }();
  return table;
}

std::span<const FeatureSpec> feature_table() {
  return kFeatures;
}

}  // namespace rr::config
