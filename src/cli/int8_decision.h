// Which matrices of a model int8 should leave in bf16, from calibration texts: none while int8
// stays within the bounds; otherwise those that help most, one after the other, until it does.
// A matrix's worth is how much of the squared |Δlogit| goes when it alone is kept. Deterministic.
// Cost: one scoring of the texts per matrix unit (4 a layer, 1 for the word table), only when int8
// misses the bounds. Tested by int8_decision_test.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/ranking_agreement.h"

namespace rr::cli {

// Logits by list of one query; the same pairs in every call.
using ListLogits = std::vector<std::vector<float>>;
using MatrixUnit = std::vector<std::string>;  // names that stay or go together

struct DecisionBounds {
  double delta_p99 = 0.3;
  double top10_overlap = 0.95;
};

struct Int8Decision {
  std::vector<std::string> kept_bf16;
  eval::AgreementFigures before;  // everything int8, against the exact logits
  eval::AgreementFigures after;   // with the decision
  bool within_bounds = false;
};

// `score(kept)`: logits of the calibration texts under int8 with these matrices kept.
using ScoreWithKept = std::function<Result<ListLogits>(const std::vector<std::string>& kept)>;

Result<Int8Decision> decide_int8(const ListLogits& exact,
                                 const std::vector<MatrixUnit>& units,
                                 const DecisionBounds& bounds,
                                 const ScoreWithKept& score);

}  // namespace rr::cli
