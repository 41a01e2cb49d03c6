// An evaluation set as a BEIR-style folder:
//   corpus.jsonl     {"_id","title","text"}; a document is title + " " + text (text alone without
//                    a title)
//   queries.jsonl    {"_id","text"}
//   qrels.tsv        header, then query-id, corpus-id, grade
//   bm25_top100.tsv  header, then query-id, corpus-id, rank, score: the first stage, by rank
//   SOURCE.md        optional; "count score >= N as relevant" sets min_relevance (else 1)
// Files come from outside: anything unexpected is kCorrupt, kNotFound or kTooLarge with file and
// line. Values; reading keeps the texts in memory. Tested by beir_set_test.cpp.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "eval/ranking_metrics.h"

namespace rr::eval {

struct EvalQuery {
  std::string id;
  std::string text;
  Judgments judgments;  // never empty
  Ranking first_stage;  // may be empty: the query then counts 0
};

struct EvalSet {
  std::string name;  // the folder's
  int min_relevance = 1;
  std::vector<EvalQuery> queries;  // those with judgments, in the order of queries.jsonl
  std::unordered_map<std::string, std::string> documents;  // id -> title + " " + text
};

struct EvalSetOptions {
  std::optional<std::size_t> query_limit;  // the first N queries that have judgments
  std::optional<int> min_relevance;        // wins over SOURCE.md
};

Result<EvalSet> read_eval_set(const std::filesystem::path& dir, const EvalSetOptions& options);

}  // namespace rr::eval
