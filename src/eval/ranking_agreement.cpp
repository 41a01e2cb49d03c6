#include "eval/ranking_agreement.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "eval/ranking_metrics.h"

namespace rr::eval {

namespace {

constexpr std::size_t kTop = 10;

// Indexes of the best documents, rising.
std::vector<std::size_t> top_of(std::span<const float> logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return logits[a] > logits[b];
  });
  order.resize(std::min(order.size(), kTop));
  std::sort(order.begin(), order.end());
  return order;
}

double top_overlap(std::span<const float> exact, std::span<const float> logits) {
  const std::vector<std::size_t> wanted = top_of(exact);
  const std::vector<std::size_t> found = top_of(logits);
  std::vector<std::size_t> both;
  std::set_intersection(
      wanted.begin(), wanted.end(), found.begin(), found.end(), std::back_inserter(both));
  return static_cast<double>(both.size()) / static_cast<double>(wanted.size());
}

}  // namespace

void RankingAgreement::add(std::span<const float> exact, std::span<const float> logits) {
  RR_CHECK(exact.size() == logits.size());
  if (exact.empty()) {
    return;
  }
  ++lists_;
  tau_sum_ += kendall_tau(exact, logits);
  overlap_sum_ += top_overlap(exact, logits);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    deltas_.push_back(std::fabs(static_cast<double>(exact[i]) - static_cast<double>(logits[i])));
  }
}

AgreementFigures RankingAgreement::figures() const {
  AgreementFigures figures;
  if (lists_ == 0) {
    return figures;
  }
  std::vector<double> sorted = deltas_;
  std::sort(sorted.begin(), sorted.end());
  figures.kendall_tau = tau_sum_ / static_cast<double>(lists_);
  figures.top10_overlap = overlap_sum_ / static_cast<double>(lists_);
  figures.delta_max = sorted.back();
  figures.delta_p99 = sorted[(sorted.size() * 99 + 99) / 100 - 1];
  return figures;
}

}  // namespace rr::eval
