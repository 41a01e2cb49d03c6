// rerankd eval: reranks the first stage of BEIR-style folders and says how good both are.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json_text.h"
#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/set_scorer.h"
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

Result<SetResult> evaluate_set(const eval::EvalSet& set, EngineSession& session) {
  SetResult result;
  result.name = set.name;
  result.queries = set.queries.size();
  eval::QualityMean first_stage;
  eval::QualityMean reranked;
  const TakeQuery take = [&](const eval::EvalQuery& query,
                             std::span<const rerank::PairScore> scores) {
    eval::Ranking ranking;
    std::vector<float> logits;
    for (const std::size_t index :
         rerank::ranked_order(scores, rerank::TieOrder::kLowerIndexFirst)) {
      ranking.push_back(query.first_stage[index]);
      logits.push_back(scores[index].logit);
    }
    eval::append_trec_run(query.id, ranking, logits, "rerankd", result.trec_run);
    first_stage.add(query.first_stage, query.judgments, set.min_relevance);
    reranked.add(ranking, query.judgments, set.min_relevance);
    return Status();
  };
  RR_ASSIGN_OR_RETURN(result.pairs_per_s, score_eval_set(set, set.name, session, take));
  result.first_stage = first_stage.mean();
  result.reranked = reranked.mean();
  return result;
}

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
    RR_ASSIGN_OR_RETURN(SetResult result, evaluate_set(set, session));
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
