// HTTP and JSON without an engine: a real server on loopback whose service answers at once, and a
// client in the same process. CPU is the whole process's, so the client's share is in it: the
// server's own cost is less.
//   http/live                      one keep-alive request and answer
//   http/rerank/docs=100/chars=500 a request of 100 documents of 500 characters, documents returned
//   json/…                         the same bodies read and rendered without sockets
#include <benchmark/benchmark.h>

#include <string>

#include "api/answer.h"
#include "api/read_request.h"
#include "base/json_text.h"
#include "http/fake_service.h"
#include "http/raw_client.h"
#include "http/routes.h"
#include "http/server.h"

namespace {

using namespace rr;

std::string rerank_body(int documents, int characters) {
  const std::string sentence = "The quick brown fox said \"no\" to the lazy dog.\n";
  std::string text;
  while (text.size() + sentence.size() <= static_cast<std::size_t>(characters)) {
    text += sentence;
  }
  text.resize(static_cast<std::size_t>(characters), 'x');
  std::string body = R"({"query":"what did the fox say?","documents":[)";
  for (int i = 0; i < documents; ++i) {
    body += (i == 0 ? "" : ",") + json_quoted(text);
  }
  return body + "]}";
}

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One running server for all cases.
struct Stage {
  SystemClock clock;
  metrics::Metrics metrics{http::route_labels(), {}};
  http::FakeService fake;
  http::Server server;

  Stage() : server(options(), fake.service(), metrics, clock) { RR_CHECK(server.start().ok()); }
  static http::ServerOptions options() {
    http::ServerOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    return options;
  }
};

void run_exchanges(benchmark::State& state, const std::string& request) {
  Stage stage;
  http::RawClient client(stage.server.port());
  for (auto _ : state) {
    client.send(request);
    const http::RawAnswer answer = client.read_answer();
    RR_CHECK(answer.status == 200);
    benchmark::DoNotOptimize(answer.body.data());
  }
}

void live(benchmark::State& state) {
  run_exchanges(state, "GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
}

void rerank_over_http(benchmark::State& state, const std::string& path) {
  run_exchanges(state, post(path, rerank_body(100, 500)));
}

void json_alone(benchmark::State& state, api::InferenceRoute route) {
  const std::string body = rerank_body(100, 500);
  api::JsonReader reader;
  for (auto _ : state) {
    const api::ReadOutcome outcome = api::read_request(reader, route, body, {}, {});
    const auto& call = std::get<api::InferenceCall>(outcome);
    const rerank::RerankOutcome scored = http::FakeService::outcome_of(call.request);
    benchmark::DoNotOptimize(api::render_answer(
        call.plan, *scored.result, {"model", "0123456789abcdef0123456789abcdef", 1, 1.5}));
  }
}

BENCHMARK(live)->Name("http/live")->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(rerank_over_http, seed, "/rerank")
    ->Name("http/rerank/docs=100/chars=500")
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(rerank_over_http, common, "/v1/rerank")
    ->Name("http/v1_rerank/docs=100/chars=500")
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(json_alone, seed, api::InferenceRoute::kRerank)
    ->Name("json/rerank/docs=100/chars=500");
BENCHMARK_CAPTURE(json_alone, common, api::InferenceRoute::kCommon)
    ->Name("json/v1_rerank/docs=100/chars=500");

}  // namespace

BENCHMARK_MAIN();
