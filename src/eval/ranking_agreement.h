// How far the scores of one arithmetic are from those of another over the same lists of documents:
// what `rerankd compare` prints for each dtype. Pure. Cost: O(n²) a list (Kendall's tau). Not
// thread-safe. Tested by ranking_agreement_test.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rr::eval {

struct AgreementFigures {
  double kendall_tau = 1;  // tau-b, mean over lists
  // Share of the ten best that both have, mean over lists; equal logits: lower index first.
  double top10_overlap = 1;
  double delta_max = 0;  // |Δlogit| over all pairs
  double delta_p99 = 0;  // the value that at least 99 % of the pairs do not pass
};

class RankingAgreement {
 public:
  // Logits of one list by both; same length.
  void add(std::span<const float> exact, std::span<const float> logits);
  AgreementFigures figures() const;  // 1, 1, 0, 0 before the first list that is not empty

 private:
  double tau_sum_ = 0;
  double overlap_sum_ = 0;
  std::size_t lists_ = 0;  // that were not empty
  std::vector<double> deltas_;
};

}  // namespace rr::eval
