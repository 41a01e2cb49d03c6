// rerankd rank: orders documents by relevance to one query.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/progress.h"
#include "cli/score_stream.h"
#include "cli/text_input.h"
#include "rerank/ranking.h"

namespace rr::cli {

namespace {

struct RankFlags {
  std::string query;
  std::string file;
  int top_n = 0;
  bool json = false;
};

// A line of output holds one document: line breaks and tabs inside it become blanks.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

Result<std::vector<rerank::PairScore>> score_documents(EngineSession& session,
                                                       const std::string& query,
                                                       const std::vector<std::string>& documents) {
  Progress progress("pairs", documents.size(), session.clock());
  std::vector<rerank::PairScore> scores;
  std::size_t sent = 0;
  const Status status = run_score_stream(
      {.rerank =
           [&](rerank::RerankRequest request, rerank::RerankCallback done) {
             session.reranker().rerank(std::move(request), std::move(done));
           },
       .next = [&]() -> Result<std::optional<rerank::RerankRequest>> {
         if (sent == documents.size()) {
           return std::optional<rerank::RerankRequest>();
         }
         const std::size_t end = std::min(sent + kPairsPerRequest, documents.size());
         rerank::RerankRequest request;
         request.queries = {query};
         request.documents =
             rerank::SharedTexts({documents.begin() + static_cast<std::ptrdiff_t>(sent),
                                  documents.begin() + static_cast<std::ptrdiff_t>(end)});
         sent = end;
         return std::optional(std::move(request));
       },
       .take = [&](rerank::RerankResponse response) -> Status {
         scores.insert(scores.end(), response.scores.begin(), response.scores.end());
         progress.add(response.scores.size());
         return {};
       },
       .in_flight_max = kBatchRequestsInFlight});
  if (!status.ok()) {
    return status;
  }
  return scores;
}

struct Ranked {
  std::size_t index;
  float relevance_score;
  float logit;
};

void print_text(const std::vector<Ranked>& ranked, const std::vector<std::string>& documents) {
  int rank = 0;
  for (const Ranked& entry : ranked) {
    std::cout << fmt::format("{} {} {} {}\n",
                             ++rank,
                             json_number(entry.relevance_score),
                             entry.index,
                             one_line(documents[entry.index]));
  }
}

void print_json(const std::vector<Ranked>& ranked, const std::vector<std::string>& documents) {
  JsonText json;
  json.open_object().key("results").open_array();
  for (const Ranked& entry : ranked) {
    json.open_object().key("index").number(entry.index);
    json.key("relevance_score").number(entry.relevance_score);
    json.key("logit").number(entry.logit);
    json.key("text").string(documents[entry.index]).close_object();
  }
  json.close_array().close_object();
  std::cout << std::move(json).text() << '\n';
}

int run_rank(const RankFlags& flags, const Invocation& invocation) {
  if (flags.query.find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail("--query: must not be blank", kWrongUsage);
  }
  auto reader = LineReader::open(flags.file);
  if (!reader.ok()) {
    return fail(reader.status().message(), kFailed);
  }
  const auto documents = read_documents(*reader);
  if (!documents.ok()) {
    return fail(documents.status().message(), kFailed);
  }
  auto session = EngineSession::open(invocation.settings, {});
  if (!session.ok()) {
    return fail(session.status().message(), kFailed);
  }
  const auto scores = score_documents(**session, flags.query, *documents);
  if (!scores.ok()) {
    return fail(scores.status().message(), kFailed);
  }
  std::vector<Ranked> ranked;
  for (const std::size_t index :
       rerank::ranked_order(*scores, rerank::TieOrder::kLowerIndexFirst)) {
    const float logit = (*scores)[index].logit;
    const float score = rerank::relevance_score(logit, (*session)->score_rule());
    ranked.push_back({index, score, logit});
  }
  if (flags.top_n > 0 && ranked.size() > static_cast<std::size_t>(flags.top_n)) {
    ranked.resize(static_cast<std::size_t>(flags.top_n));
  }
  flags.json ? print_json(ranked, *documents) : print_text(ranked, *documents);
  return std::cout.flush() ? kDone : fail("writing to stdout failed", kFailed);
}

}  // namespace

Command rank_command() {
  auto flags = std::make_shared<RankFlags>();
  Command command;
  command.name = "rank";
  command.summary = "order documents by relevance to a query";
  command.examples =
      "  printf 'a cat\\na dog\\n' | rerankd rank --query 'which one barks?'\n"
      "  rerankd rank --query 'capital of France' documents.txt --top-n 3\n"
      "  rerankd rank --query 'capital of France' documents.jsonl --json | jq .results[0].text\n"
      "FILE has a document a line, or JSON Lines of strings or objects with \"text\"; without\n"
      "FILE, or for -, stdin is read. Output: rank, score, index, text; best first.";
  command.add_options = [flags](CLI::App& app) {
    app.add_option("-q,--query", flags->query, "what the documents are compared with")->required();
    app.add_option("FILE", flags->file, "documents; - or absent = stdin");
    app.add_option("-n,--top-n", flags->top_n, "print the best N only; 0 = all")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--json", flags->json, "one JSON document with index, score, logit, text");
  };
  command.run = [flags](const Invocation& invocation) { return run_rank(*flags, invocation); };
  return command;
}

}  // namespace rr::cli
