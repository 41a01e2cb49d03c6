#include "rerank/score.h"

#include <cmath>

namespace rr::rerank {

float sigmoid(float logit) {
  // exp of a non-positive number only: at most 1, so the quotient is exact to the last bit or so.
  const double small = std::exp(-std::abs(static_cast<double>(logit)));
  return static_cast<float>(logit >= 0 ? 1 / (1 + small) : small / (1 + small));
}

float relevance_score(float logit, ScoreRule rule) {
  return rule == ScoreRule::kSigmoid ? sigmoid(logit) : logit;
}

}  // namespace rr::rerank
