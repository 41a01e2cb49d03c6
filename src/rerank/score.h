// The activation between a logit and a relevance_score. Pure. Tested by render_answer_test.cpp.
#pragma once

#include <cmath>

namespace rr::rerank {

inline float sigmoid(float logit) {
  return 1.0F / (1.0F + std::exp(-logit));
}

}  // namespace rr::rerank
