// Scores the first-stage candidates of every query of an evaluation set through a session, with a
// progress bar, and hands them over query by query, in order, on the calling thread.
// Tested by tests/cli_test.sh (eval and compare).
#pragma once

#include <functional>
#include <span>
#include <string>

#include "cli/engine_session.h"
#include "eval/beir_set.h"
#include "rerank/request.h"

namespace rr::cli {

// scores [query.first_stage]; empty where the query has no candidates.
using TakeQuery =
    std::function<Status(const eval::EvalQuery& query, std::span<const rerank::PairScore> scores)>;

// Pairs per second over the whole set; 0 for a set without pairs. `label` goes before the bar.
Result<double> score_eval_set(const eval::EvalSet& set,
                              const std::string& label,
                              EngineSession& session,
                              const TakeQuery& take);

std::uint64_t pairs_of(const eval::EvalSet& set);

}  // namespace rr::cli
