// rerankd eval: reranks the first stage of BEIR-style folders and says how good both are.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/progress.h"
#include "cli/score_stream.h"
#include "eval/beir_set.h"
#include "eval/trec_run.h"
#include "rerank/ranking.h"

namespace rr::cli {

namespace {

struct EvalFlags {
  std::vector<std::string> dirs;
  std::string run_out;
  std::uint64_t limit = 0;
  int min_relevance = 0;
  bool json = false;
};

struct SetResult {
  std::string name;
  std::size_t queries = 0;
  eval::RankingQuality first_stage;
  eval::RankingQuality reranked;
  double pairs_per_s = 0;
  std::string trec_run;
};

// One request per query that has candidates, in order.
class SetScorer {
 public:
  SetScorer(const eval::EvalSet& set, EngineSession& session)
      : set_(set),
        session_(session),
        progress_(set.name + " pairs", pairs_of(set), session.clock()) {}

  Result<SetResult> run() {
    result_.name = set_.name;
    result_.queries = set_.queries.size();
    const TimePoint start = session_.clock().now();
    RR_RETURN_IF_ERROR(
        run_score_stream({.rerank =
                              [this](auto request, auto done) {
                                session_.reranker().rerank(std::move(request), std::move(done));
                              },
                          .next = [this] { return next(); },
                          .take = [this](const auto& response) { return take(response); },
                          .in_flight_max = kBatchRequestsInFlight}));
    add_until(set_.queries.size());
    const double seconds = to_seconds(session_.clock().now() - start);
    result_.pairs_per_s = seconds > 0 ? static_cast<double>(pairs_of(set_)) / seconds : 0;
    result_.first_stage = first_stage_.mean();
    result_.reranked = reranked_.mean();
    return std::move(result_);
  }

 private:
  static std::uint64_t pairs_of(const eval::EvalSet& set) {
    std::uint64_t pairs = 0;
    for (const eval::EvalQuery& query : set.queries) {
      pairs += query.first_stage.size();
    }
    return pairs;
  }

  Result<std::optional<rerank::RerankRequest>> next() {
    while (sent_ < set_.queries.size() && set_.queries[sent_].first_stage.empty()) {
      ++sent_;
    }
    if (sent_ == set_.queries.size()) {
      return std::optional<rerank::RerankRequest>();
    }
    const eval::EvalQuery& query = set_.queries[sent_++];
    rerank::RerankRequest request;
    request.queries = {query.text};
    for (const std::string& id : query.first_stage) {
      request.documents.push_back(set_.documents.at(id));
    }
    return std::optional(std::move(request));
  }

  Status take(const rerank::RerankResponse& response) {
    std::size_t at = taken_;
    while (set_.queries[at].first_stage.empty()) {
      ++at;
    }
    add_until(at);
    const eval::EvalQuery& query = set_.queries[at];
    eval::Ranking ranking;
    std::vector<float> logits;
    for (const std::size_t index :
         rerank::ranked_order(response.scores, rerank::TieOrder::kLowerIndexFirst)) {
      ranking.push_back(query.first_stage[index]);
      logits.push_back(response.scores[index].logit);
    }
    eval::append_trec_run(query.id, ranking, logits, "rerankd", result_.trec_run);
    add(query, ranking);
    progress_.add(ranking.size());
    return {};
  }

  // Queries without candidates up to `end` count 0.
  void add_until(std::size_t end) {
    while (taken_ < end) {
      add(set_.queries[taken_], {});
    }
  }

  void add(const eval::EvalQuery& query, const eval::Ranking& ranking) {
    first_stage_.add(query.first_stage, query.judgments, set_.min_relevance);
    reranked_.add(ranking, query.judgments, set_.min_relevance);
    ++taken_;
  }

  const eval::EvalSet& set_;
  EngineSession& session_;
  Progress progress_;
  SetResult result_;
  eval::QualityMean first_stage_;
  eval::QualityMean reranked_;
  std::size_t sent_ = 0;   // queries looked at by next()
  std::size_t taken_ = 0;  // queries that are counted
};

void json_quality(JsonText& json, const char* name, const eval::RankingQuality& quality) {
  json.key(name).open_object();
  json.key("ndcg@10").number(quality.ndcg_at_10).key("mrr@10").number(quality.mrr_at_10);
  json.key("map").number(quality.map).key("recall@100").number(quality.recall_at_100);
  json.close_object();
}

void print_json(const std::vector<SetResult>& results) {
  JsonText json;
  json.open_object().key("sets").open_array();
  for (const SetResult& result : results) {
    json.open_object().key("name").string(result.name).key("queries").number(result.queries);
    json_quality(json, "first_stage", result.first_stage);
    json_quality(json, "reranked", result.reranked);
    json.key("pairs_per_s").number(result.pairs_per_s).close_object();
  }
  json.close_array().close_object();
  std::cout << json.text() << '\n';
}

void print_row(const char* stage, const eval::RankingQuality& quality) {
  std::cout << fmt::format("  {:<12} {:.4f}   {:.4f}  {:.4f}  {:.4f}\n",
                           stage,
                           quality.ndcg_at_10,
                           quality.mrr_at_10,
                           quality.map,
                           quality.recall_at_100);
}

void print_text(const SetResult& result) {
  std::cout << fmt::format(
      "{}: {} queries, {:.1f} pairs/s\n"
      "               nDCG@10  MRR@10  MAP     Recall@100\n",
      result.name,
      result.queries,
      result.pairs_per_s);
  print_row("first stage", result.first_stage);
  print_row("reranked", result.reranked);
  std::cout.flush();
}

// One folder: the file itself. Several: FILE.NAME, since query ids of different sets collide.
Status write_run(const EvalFlags& flags, const SetResult& result) {
  const std::string file =
      flags.dirs.size() == 1 ? flags.run_out : fmt::format("{}.{}", flags.run_out, result.name);
  std::ofstream out(file, std::ios::binary);
  out << result.trec_run;
  out.close();
  return out ? Status()
             : Status(Code::kInternal, fmt::format("--run-out: {} cannot be written", file));
}

Result<std::vector<SetResult>> evaluate(const EvalFlags& flags, EngineSession& session) {
  eval::EvalSetOptions options;
  if (flags.limit > 0) {
    options.query_limit = flags.limit;
  }
  if (flags.min_relevance > 0) {
    options.min_relevance = flags.min_relevance;
  }
  std::vector<SetResult> results;
  for (const std::string& dir : flags.dirs) {
    RR_ASSIGN_OR_RETURN(const eval::EvalSet set, eval::read_eval_set(dir, options));
    RR_ASSIGN_OR_RETURN(SetResult result, SetScorer(set, session).run());
    if (!flags.run_out.empty()) {
      RR_RETURN_IF_ERROR(write_run(flags, result));
    }
    if (!flags.json) {
      print_text(result);
    }
    results.push_back(std::move(result));
  }
  return results;
}

int run_eval(const EvalFlags& flags, const Invocation& invocation) {
  auto session = EngineSession::open(invocation.settings, {});
  if (!session.ok()) {
    return fail(session.status().message(), kFailed);
  }
  const auto results = evaluate(flags, **session);
  if (!results.ok()) {
    return fail(results.status().message(), kFailed);
  }
  if (flags.json) {
    print_json(*results);
  }
  return std::cout.flush() ? kDone : fail("writing to stdout failed", kFailed);
}

}  // namespace

Command eval_command() {
  auto flags = std::make_shared<EvalFlags>();
  Command command;
  command.name = "eval";
  command.summary = "ranking quality on BEIR-style folders, first stage and reranked";
  command.examples =
      "  rerankd eval ./scifact\n"
      "  rerankd eval ./scifact ./nfcorpus --limit 100 --json\n"
      "  rerankd eval ./scifact --run-out scifact.trec\n"
      "A folder holds corpus.jsonl, queries.jsonl, qrels.tsv and bm25_top100.tsv. With several\n"
      "folders --run-out FILE writes FILE.NAME for each.";
  command.add_options = [flags](CLI::App& app) {
    app.add_option("DIR", flags->dirs, "folders")->required();
    app.add_option("--run-out", flags->run_out, "write the reranked order as a TREC run")
        ->type_name("FILE");
    app.add_option("--limit", flags->limit, "the first N queries that have judgments; 0 = all");
    app.add_option("--min-rel",
                   flags->min_relevance,
                   "least grade that MRR, MAP and Recall count; 0 = what SOURCE.md says, else 1")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--json", flags->json, "one JSON document");
  };
  command.run = [flags](const Invocation& invocation) { return run_eval(*flags, invocation); };
  return command;
}

}  // namespace rr::cli
