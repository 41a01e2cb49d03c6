// From the model's raw output to the relevance_score that users see. Pure; thread-safe.
// Tested by score_test.cpp.
#pragma once

namespace rr::rerank {

// RERANKER_SCORE, or what one request asks for. `model` of the configuration is resolved to one of
// these when the model is loaded.
enum class ScoreRule { kSigmoid, kLogit };

// 1 / (1 + exp(-logit)), in double and rounded once: never overflows, monotonic, 0.5 at 0.
float sigmoid(float logit);

float relevance_score(float logit, ScoreRule rule);

}  // namespace rr::rerank
