#include "cli/int8_decision.h"

#include <algorithm>
#include <numeric>

namespace rr::cli {

namespace {

eval::AgreementFigures agreement_of(const ListLogits& exact, const ListLogits& logits) {
  eval::RankingAgreement agreement;
  for (std::size_t list = 0; list < exact.size(); ++list) {
    agreement.add(exact[list], logits[list]);
  }
  return agreement.figures();
}

double squared_error(const ListLogits& exact, const ListLogits& logits) {
  double sum = 0;
  for (std::size_t list = 0; list < exact.size(); ++list) {
    for (std::size_t i = 0; i < exact[list].size(); ++i) {
      const double apart = static_cast<double>(exact[list][i]) - logits[list][i];
      sum += apart * apart;
    }
  }
  return sum;
}

bool is_within(const eval::AgreementFigures& figures, const DecisionBounds& bounds) {
  return figures.delta_p99 <= bounds.delta_p99 && figures.top10_overlap >= bounds.top10_overlap;
}

// Indexes of the units, the one that helps most when it is kept alone first.
Result<std::vector<std::size_t>> by_worth(const ListLogits& exact,
                                          const std::vector<MatrixUnit>& units,
                                          const ScoreWithKept& score) {
  std::vector<double> errors;
  for (const MatrixUnit& unit : units) {
    RR_ASSIGN_OR_RETURN(const ListLogits logits, score(unit));
    errors.push_back(squared_error(exact, logits));
  }
  std::vector<std::size_t> order(units.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return errors[a] < errors[b];
  });
  return order;
}

}  // namespace

Result<Int8Decision> decide_int8(const ListLogits& exact,
                                 const std::vector<MatrixUnit>& units,
                                 const DecisionBounds& bounds,
                                 const ScoreWithKept& score) {
  Int8Decision decision;
  RR_ASSIGN_OR_RETURN(const ListLogits all_int8, score({}));
  decision.before = agreement_of(exact, all_int8);
  decision.after = decision.before;
  decision.within_bounds = is_within(decision.after, bounds);
  if (decision.within_bounds) {
    return decision;
  }
  RR_ASSIGN_OR_RETURN(const std::vector<std::size_t> order, by_worth(exact, units, score));
  for (const std::size_t index : order) {
    decision.kept_bf16.insert(decision.kept_bf16.end(), units[index].begin(), units[index].end());
    RR_ASSIGN_OR_RETURN(const ListLogits logits, score(decision.kept_bf16));
    decision.after = agreement_of(exact, logits);
    decision.within_bounds = is_within(decision.after, bounds);
    if (decision.within_bounds) {
      break;
    }
  }
  return decision;
}

}  // namespace rr::cli
