// How good a ranking is, as trec_eval, pytrec_eval and ir_measures count it (to 1e-6; golden in
// tests/golden/eval): linear gain, log2(rank + 1), the ideal from all judgments, an unjudged
// document counts 0. And how alike two rankings are. Pure; thread-safe. Cost: O(documents log
// documents). Tested by ranking_metrics_test.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rr::eval {

// Grades of one query by document id; an id that is missing is unjudged.
using Judgments = std::unordered_map<std::string, int>;

// Document ids, best first; each at most once.
using Ranking = std::vector<std::string>;

struct RankingQuality {
  double ndcg_at_10 = 0;
  double mrr_at_10 = 0;
  double map = 0;
  double recall_at_100 = 0;
};

double ndcg(const Ranking& ranking, const Judgments& judgments, std::size_t cutoff);

// The following count a document as relevant from grade `min_relevance` on; 0 when none is.
double reciprocal_rank(const Ranking& ranking,
                       const Judgments& judgments,
                       int min_relevance,
                       std::size_t cutoff);
double average_precision(const Ranking& ranking, const Judgments& judgments, int min_relevance);
double recall(const Ranking& ranking,
              const Judgments& judgments,
              int min_relevance,
              std::size_t cutoff);

std::size_t relevant_count(const Judgments& judgments, int min_relevance);

// Mean over queries. nDCG, MRR and MAP are over all of them; Recall over those that have a relevant
// document, since without one it is not defined.
class QualityMean {
 public:
  void add(const Ranking& ranking, const Judgments& judgments, int min_relevance);
  RankingQuality mean() const;  // zeros before the first add
  std::size_t queries() const { return queries_; }

 private:
  RankingQuality sum_;
  std::size_t queries_ = 0;
  std::size_t with_relevant_ = 0;
};

// Kendall's tau-b of two score lists over the same documents (ties allowed), in [-1, 1]; 1 for
// fewer than two documents or when both lists are constant, 0 when one is. O(n²).
double kendall_tau(std::span<const float> a, std::span<const float> b);

// Share of the first `cutoff` documents that both rankings have, in [0, 1]; 1 for two empty ones.
double overlap(const Ranking& a, const Ranking& b, std::size_t cutoff);

}  // namespace rr::eval
