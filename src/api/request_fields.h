// The fields that several dialects share, each read once here: what a request changes about the
// input, its deadline, which kind of score it wants, how many results. Errors stick to the reader.
// Tested by read_request_test.cpp. For .cpp files of this folder.
#pragma once

#include <string>
#include <vector>

#include "api/fields.h"

namespace rr::api {

// truncate, truncation, truncation_direction, truncation_side, max_tokens_per_doc, max_doc_length,
// max_tokens_per_query, truncate_prompt_tokens.
void read_input_profile(FieldReader& in, rerank::RerankRequest& request);

// deadline_ms counted from `arrival`: negative or no number 400, 0 is over already (504).
Deadline read_deadline(FieldReader& in, TimePoint arrival);

// raw_scores, use_activation, else the server's rule.
rerank::ScoreRule read_score_rule(FieldReader& in, const ReadOptions& options);

// top_n, else top_k, else rank_count; 0 = all.
std::size_t read_top_n(FieldReader& in);

// `query`: a string that is not blank.
std::string read_query(FieldReader& in);

std::vector<std::string_view> read_rank_fields(FieldReader& in);

std::size_t total_characters(const rerank::RerankRequest& request);

}  // namespace rr::api
