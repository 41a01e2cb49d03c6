// Soak: the whole server in one process (built-in model, micro-batching, a small queue and cache)
// under mixed traffic: small and large requests, repeats, tight deadlines, clients that leave, bad
// input. For RR_SOAK_SECONDS (default 60). Meant for the sanitizer presets: their reports fail it.
// Checked: every request that waits is answered with a status that fits it, a pair's score is the
// same text every time, and at the end nothing is left waiting.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "base/json_text.h"
#include "base/mutex.h"
#include "cli/engine_session.h"
#include "config/configuration.h"
#include "config/settings.h"
#include "http/raw_client.h"
#include "http/routes.h"
#include "http/server.h"

namespace rr {
namespace {

constexpr int kClients = 8;
constexpr int kTexts = 400;
// Beyond every time limit of the server: a busy machine under a sanitizer is slow, not wrong.
constexpr int kPatienceMs = 180'000;

std::chrono::seconds soak_time() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* seconds = std::getenv("RR_SOAK_SECONDS");
  return std::chrono::seconds(seconds == nullptr ? 60 : std::atoi(seconds));
}

config::Settings soak_settings() {
  config::Sources sources;
  sources.environment = {{"RERANKER_MODEL_LOCAL_PATH", RR_SOURCE_DIR "/models/builtin"},
                         {"MICRO_BATCH_ENABLED", "true"},
                         {"MICRO_BATCH_WINDOW_MS", "2.5"},
                         {"RERANKER_MAX_QUEUE", "24"},
                         {"CACHE_MAX_BYTES", "16384"},
                         {"CACHE_TTL_SECONDS", "1"}};
  const auto configuration = config::Configuration::gather(sources);
  EXPECT_TRUE(configuration.ok()) << configuration.status().message();
  auto settings = config::make_settings(*configuration);
  EXPECT_TRUE(settings.ok()) << settings.status().message();
  return std::move(settings).value();
}

std::string document(int number) {
  std::string text;
  std::mt19937 random(static_cast<unsigned>(number));
  for (int word = 3 + static_cast<int>(random() % 40); word > 0; --word) {
    text += "word" + std::to_string(random() % 97) + " ";
  }
  return text;
}

// Scores seen so far by document; one query serves all requests, so that the document names the
// pair.
class SeenScores {
 public:
  // False when the document had another score before.
  bool same(int number, const std::string& score) {
    MutexLock lock(mutex_);
    return scores_.emplace(number, score).first->second == score;
  }

 private:
  Mutex mutex_;
  std::map<int, std::string> scores_ RR_GUARDED_BY(mutex_);
};

struct Soak {
  int port = 0;
  TimePoint end;
  SeenScores scores;
  std::atomic<int> answered = 0;
  std::atomic<int> wrong = 0;

  void expect(bool condition, const std::string& what) {
    if (!condition) {
      ++wrong;
      ADD_FAILURE() << what;
    }
  }
};

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string rerank_body(const std::vector<int>& numbers, int deadline_ms) {
  JsonText json;
  json.open_object()
      .key("query")
      .string("word1 word2 word3?")
      .key("raw_scores")
      .boolean(true)
      .key("texts");
  json.open_array();
  for (const int number : numbers) {
    json.string(document(number));
  }
  json.close_array();
  if (deadline_ms > 0) {
    json.key("deadline_ms").number(deadline_ms);
  }
  json.close_object();
  return std::move(json).text();
}

// Reads `[{"index":1,"score":0.5},…]`, the TEI answer.
void check_scores(Soak& soak, const std::vector<int>& numbers, const std::string& body) {
  std::size_t found = 0;
  for (std::size_t at = body.find("\"index\":"); at != std::string::npos;
       at = body.find("\"index\":", at + 1)) {
    const auto index = static_cast<std::size_t>(std::atoi(body.c_str() + at + 8));
    const std::size_t score = body.find("\"score\":", at) + 8;
    soak.expect(index < numbers.size(), "index out of range in " + body);
    soak.expect(soak.scores.same(numbers[index % numbers.size()],
                                 body.substr(score, body.find_first_of(",}", score) - score)),
                "a pair's score changed");
    ++found;
  }
  soak.expect(found == numbers.size(), "scores missing in " + body);
}

void ask(
    Soak& soak, http::RawClient& client, std::mt19937& random, std::size_t count, int deadline_ms) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    numbers.push_back(static_cast<int>(random() % kTexts));
  }
  client.send(post("/rerank", rerank_body(numbers, deadline_ms)));
  const http::RawAnswer answer = client.read_answer();
  const std::set<int> allowed = {200, 429, 504};
  soak.expect(allowed.count(answer.status) == 1,
              "status " + std::to_string(answer.status) + ": " + answer.body);
  ++soak.answered;
  if (answer.status == 200) {
    check_scores(soak, numbers, answer.body);
  }
}

void ask_badly(Soak& soak, http::RawClient& client, std::mt19937& random) {
  const std::pair<std::string, int> cases[] = {
      {post("/rerank", "{\"query\":"), 400},
      {post("/rerank", R"({"query":"a","documents":[]})"), 400},
      {post("/rerank", R"({"query":1,"texts":["a"]})"), 422},
      {post("/nowhere", "{}"), 404},
      {"GET /rerank HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {post("/rerank", "\"\xFF\""), 400}};
  const auto& [request, status] = cases[random() % std::size(cases)];
  client.send(request);
  const http::RawAnswer answer = client.read_answer();
  soak.expect(answer.status == status,
              "bad input got " + std::to_string(answer.status) + " for " + request);
  ++soak.answered;
}

void leave(Soak& soak, std::mt19937& random) {
  http::RawClient client(soak.port, kPatienceMs);
  std::vector<int> numbers(20);
  for (int& number : numbers) {
    number = static_cast<int>(random() % kTexts);
  }
  const std::string bytes = post("/rerank", rerank_body(numbers, 0));
  client.send(
      std::string_view(bytes).substr(0, random() % 4 == 0 ? bytes.size() / 2 : bytes.size()));
  random() % 2 == 0 ? client.reset() : client.close();
}

void run_client(Soak& soak, unsigned seed) {
  const SystemClock clock;
  std::mt19937 random(seed);
  http::RawClient client(soak.port, kPatienceMs);
  while (clock.now() < soak.end && soak.wrong < 10) {
    switch (random() % 10) {
      case 0:
        leave(soak, random);
        break;
      case 1:
        ask_badly(soak, client, random);
        break;
      case 2:
        ask(soak, client, random, 60, 0);
        break;
      case 3:
        ask(soak, client, random, 30, 1 + static_cast<int>(random() % 50));
        break;
      default:
        ask(soak, client, random, 1 + random() % 4, 0);
    }
  }
}

TEST(Soak, EveryRequestIsAnsweredAndScoresNeverChange) {
  const config::Settings settings = soak_settings();
  auto session = cli::EngineSession::open(
      settings, {.purpose = cli::Purpose::kServe, .metric_routes = http::route_labels()});
  ASSERT_TRUE(session.ok()) << session.status().message();
  rerank::Reranker& reranker = (*session)->reranker();
  http::ServerOptions options;
  options.host = "127.0.0.1";
  options.port = 0;
  http::Server server(options,
                      {.rerank =
                           [&](rerank::RerankRequest request, rerank::RerankCallback done) {
                             reranker.rerank(std::move(request), std::move(done));
                           },
                       .state = [&] { return reranker.state(); },
                       .model = &reranker.model()},
                      (*session)->metrics(),
                      (*session)->clock());
  ASSERT_TRUE(server.start().ok());
  reranker.set_ready();

  Soak soak;
  soak.port = server.port();
  soak.end = SystemClock().now() + soak_time();
  {
    std::vector<std::jthread> clients;
    for (unsigned i = 0; i < kClients; ++i) {
      clients.emplace_back([&soak, i] { run_client(soak, 1000 + i); });
    }
  }
  EXPECT_GT(soak.answered, kClients);
  server.drain_and_stop({.delay = {}, .timeout = std::chrono::seconds(30)});
  const rerank::ServiceState state = reranker.state();
  EXPECT_EQ(state.queue.waiting, 0);
  EXPECT_EQ(state.queue.active, 0);
  EXPECT_GT(state.micro_batcher.total_batches, 0U);
}

}  // namespace
}  // namespace rr
