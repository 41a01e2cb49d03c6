// rerankd score: the logit of every pair of a JSON Lines file, in the order of the file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/score_stream.h"
#include "cli/text_input.h"

namespace rr::cli {

namespace {

// Nine significant digits read back to the same float; with a point or exponent.
std::string logit_text(float logit) {
  std::string text = fmt::format("{:.9g}", logit);
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

class ScoreLines {
 public:
  ScoreLines(LineReader& reader, EngineSession& session) : reader_(reader), session_(session) {
    pair_options_.max_length = session.model().max_length;
  }

  Status run() {
    return run_score_stream({.rerank =
                                 [this](auto request, auto done) {
                                   session_.reranker().rerank(std::move(request), std::move(done));
                                 },
                             .next = [this] { return next(); },
                             .take = [this](const auto& response) { return take(response); },
                             .in_flight_max = kBatchRequestsInFlight});
  }

 private:
  Result<std::optional<rerank::RerankRequest>> next() {
    rerank::RerankRequest request;
    std::vector<std::string> documents;
    while (documents.size() < kPairsPerRequest) {
      RR_ASSIGN_OR_RETURN(auto line, reader_.next());
      if (!line) {
        break;
      }
      if (line->find_first_not_of(" \t") == std::string::npos) {
        continue;
      }
      RR_ASSIGN_OR_RETURN(QueryDocument pair, parse_query_document(*line, reader_.place()));
      tokens_.push_back(token_count(pair));
      request.queries.push_back(std::move(pair.query));
      documents.push_back(std::move(pair.document));
    }
    if (documents.empty()) {
      return std::optional<rerank::RerankRequest>();
    }
    request.documents = rerank::SharedTexts(std::move(documents));
    return std::optional(std::move(request));
  }

  std::size_t token_count(const QueryDocument& pair) {
    const auto query = session_.tokenizer().encode_query(pair.query, pair_options_);
    session_.tokenizer().encode_pair(query, pair.document, pair_options_, encoded_);
    return encoded_.input_ids.size();
  }

  Status take(const rerank::RerankResponse& response) {
    for (const rerank::PairScore& score : response.scores) {
      JsonText json;
      json.open_object().key("logit").raw(logit_text(score.logit));
      json.key("relevance_score")
          .number(rerank::relevance_score(score.logit, session_.score_rule()));
      json.key("tokens").number(tokens_.front());
      json.key("truncated").boolean(score.truncated).close_object();
      tokens_.pop_front();
      std::cout << json.text() << '\n';
    }
    return std::cout ? Status() : Status(Code::kInternal, "writing to stdout failed");
  }

  LineReader& reader_;
  EngineSession& session_;
  text::PairOptions pair_options_;
  text::EncodedPair encoded_;
  std::deque<std::size_t> tokens_;  // of the pairs that are in flight
};

int run_score(const std::string& file, const Invocation& invocation) {
  auto reader = LineReader::open(file);
  if (!reader.ok()) {
    return fail(reader.status().message(), kFailed);
  }
  auto session = EngineSession::open(invocation.settings, {});
  if (!session.ok()) {
    return fail(session.status().message(), kFailed);
  }
  const Status status = ScoreLines(*reader, **session).run();
  if (!status.ok()) {
    std::cout.flush();
    return fail(status.message(), kFailed);
  }
  return std::cout.flush() ? kDone : fail("writing to stdout failed", kFailed);
}

}  // namespace

Command score_command() {
  auto file = std::make_shared<std::string>();
  Command command;
  command.name = "score";
  command.summary = "score query-document pairs, JSON Lines in and out";
  command.examples =
      "  echo '{\"query\":\"what barks?\",\"document\":\"a dog\"}' | rerankd score\n"
      "  rerankd score pairs.jsonl > scores.jsonl\n"
      "Every line in gives one line out, in the same order: logit (9 significant digits),\n"
      "relevance_score, tokens, truncated. Without FILE, or for -, stdin is read.";
  command.add_options = [file](CLI::App& app) {
    app.add_option("FILE", *file, "JSON Lines of {\"query\",\"document\"}; - or absent = stdin");
    app.add_flag("--json")->description("output is JSON Lines with or without this flag");
  };
  command.run = [file](const Invocation& invocation) { return run_score(*file, invocation); };
  return command;
}

}  // namespace rr::cli
