// rerankd serve: the server. Loads, listens, tests itself, says that it is ready, and on SIGTERM or
// SIGINT drains. A second signal ends it at once.
#include <malloc.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "base/log.h"
#include "cli/build_info.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "http/routes.h"
#include "http/server.h"

namespace rr::cli {

namespace {

// SIGTERM and SIGINT, blocked in every thread from here on, so that only wait() gets them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  int wait() {
    int signal = 0;
    sigwait(&set_, &signal);
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);  // the next one takes its default: the end
    return signal;
  }

 private:
  sigset_t set_{};
};

// Bodies and answers of megabytes are freed and soon wanted again. By default malloc gives their
// pages back, and each request has every page faulted in and cleared anew, which took a quarter
// of the processor time of a 10 MB request. An I/O thread so keeps up to 64 MiB after a large one.
void keep_freed_memory() {
  constexpr int kMiB = 1 << 20;
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet
  mallopt(M_MMAP_THRESHOLD, 32 * kMiB);  // the most that malloc takes
  mallopt(M_TRIM_THRESHOLD, 64 * kMiB);  // the most that a thread's arena has in one piece
  // NOLINTEND(concurrency-mt-unsafe)
}

http::ServerOptions server_options(const config::Settings& settings, const EngineSession& session) {
  http::ServerOptions options;
  options.host = settings.server.host;
  options.port = settings.server.port;
  options.limits.body_bytes = settings.server.max_body_bytes;
  options.site.read.max_documents = settings.server.max_documents;
  options.site.read.return_documents = settings.server.return_documents;
  options.site.read.score_rule = session.score_rule();
  options.site.api_keys = settings.server.api_keys;
  options.site.cors_origins = settings.server.cors_origins;
  options.site.version = build_info().version;
  options.site.commit = build_info().commit;
  options.site.threads = session.executor().workers();
  options.site.max_batch_tokens = session.executor().batch_tokens() * session.executor().workers();
  return options;
}

void log_start(const EngineSession& session) {
  const rerank::ModelInfo& model = session.model();
  log::info("model loaded",
            {{"name", model.name},
             {"source", model.source},
             {"family", model.family},
             {"isa", model.executor.isa},
             {"quantization", model.executor.quantization},
             {"numerics", model.executor.numerics},
             {"threads", session.executor().workers()},
             {"max_length", model.max_length},
             {"fingerprint", model.fingerprint}});
}

int run_serve(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  StopSignals signals;
  keep_freed_memory();
  log::info("starting", {{"version", build_info().version}, {"commit", build_info().commit}});
  auto session = EngineSession::open(
      settings, {.purpose = Purpose::kServe, .metric_routes = http::route_labels()});
  if (!session.ok()) {
    return fail(session.status().message(), kFailed);
  }
  log_start(**session);
  rerank::Reranker& reranker = (*session)->reranker();
  const http::Service service{
      .rerank =
          [&reranker](rerank::RerankRequest request, rerank::RerankCallback done) {
            reranker.rerank(std::move(request), std::move(done));
          },
      .state = [&reranker] { return reranker.state(); },
      .model = &reranker.model()};
  http::Server server(
      server_options(settings, **session), service, (*session)->metrics(), (*session)->clock());
  if (const Status started = server.start(); !started.ok()) {
    return fail(started.message(), kFailed);
  }
  log::info("listening", {{"host", settings.server.host}, {"port", server.port()}});
  if (settings.model.warm_up) {
    if (const Status warm = (*session)->warm_up(); !warm.ok()) {
      return fail(warm.message(), kFailed);
    }
  }
  malloc_trim(0);  // what loading has freed
  reranker.set_ready();
  log::info("ready");
  const int signal = signals.wait();
  log::info("draining", {{"signal", signal}});
  server.drain_and_stop(
      {.delay = settings.server.drain_delay, .timeout = settings.server.drain_timeout});
  log::info("stopped");
  return kDone;
}

}  // namespace

Command serve_command() {
  Command command;
  command.name = "serve";
  command.summary = "the server";
  command.examples =
      "  rerankd serve\n"
      "  rerankd serve --host 127.0.0.1 --port 8001 --model ./my-model\n"
      "  rerankd serve --config prod.env --log-format json\n"
      "  curl localhost:8000/rerank -d '{\"query\":\"what barks?\",\"documents\":[\"a cat\",\"a "
      "dog\"]}'\n"
      "Every option is an environment variable too; see `rerankd config`. SIGTERM drains.";
  command.scope = OptionScope::kAll;
  command.run = run_serve;
  return command;
}

}  // namespace rr::cli
