// TREC run files, `query-id Q0 document-id rank score tag` a line. trec_eval and its children sort
// by score alone and break ties by document id, so equal scores are written one float step apart:
// every tool then sees the order that was meant. Pure. Tested by trec_run_test.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "eval/ranking_metrics.h"

namespace rr::eval {

// `scores` [ranking], not rising, finite. Appends one line per document to `out`.
void append_trec_run(std::string_view query_id,
                     const Ranking& ranking,
                     std::span<const float> scores,
                     std::string_view tag,
                     std::string& out);

}  // namespace rr::eval
