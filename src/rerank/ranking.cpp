#include "rerank/ranking.h"

#include <algorithm>
#include <numeric>

namespace rr::rerank {

std::vector<std::size_t> ranked_order(std::span<const PairScore> scores, TieOrder ties) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (ties == TieOrder::kHigherIndexFirst) {
    std::reverse(order.begin(), order.end());
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores[a].logit > scores[b].logit;
  });
  return order;
}

}  // namespace rr::rerank
