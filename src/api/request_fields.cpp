#include "api/request_fields.h"

#include <fmt/format.h>

#include <chrono>

#include "api/documents.h"

namespace rr::api {

namespace {

// A cap in tokens: absent, null and 0 mean none; a negative one is an error.
int read_token_cap(FieldReader& in, std::initializer_list<Field> fields) {
  const auto field = in.first_of(fields);
  if (!field) {
    return 0;
  }
  const std::int64_t cap = in.whole_number(*field).value_or(0);
  if (cap < 0) {
    in.fail(fmt::format("`{}` must not be negative", field_name(*field)));
    return 0;
  }
  return static_cast<int>(std::min<std::int64_t>(cap, 1 << 30));
}

// vLLM: -1 = the server's limit.
int read_prompt_limit(FieldReader& in) {
  const std::int64_t limit = in.whole_number(Field::kTruncatePromptTokens).value_or(0);
  if (limit < -1) {
    in.fail("`truncate_prompt_tokens` must be -1 or more");
  }
  return static_cast<int>(std::clamp<std::int64_t>(limit, 0, 1 << 30));
}

text::TruncationSide read_truncation_side(FieldReader& in) {
  const auto field = in.first_of({Field::kTruncationDirection, Field::kTruncationSide});
  const auto side = field ? in.string(*field) : std::nullopt;
  if (!side || *side == "Right" || *side == "right") {
    return text::TruncationSide::kRight;
  }
  if (*side != "Left" && *side != "left") {
    in.fail(fmt::format("`{}` must be \"left\" or \"right\"", field_name(*field)));
  }
  return text::TruncationSide::kLeft;
}

}  // namespace

void read_input_profile(FieldReader& in, rerank::RerankRequest& request) {
  const auto truncate = in.first_of({Field::kTruncate, Field::kTruncation});
  request.truncate = !truncate || in.flag(*truncate).value_or(true);
  request.truncation_side = read_truncation_side(in);
  request.max_document_tokens = read_token_cap(in, {Field::kMaxTokensPerDoc, Field::kMaxDocLength});
  request.max_query_tokens = read_token_cap(in, {Field::kMaxTokensPerQuery});
  request.max_length = read_prompt_limit(in);
}

Deadline read_deadline(FieldReader& in, TimePoint arrival) {
  constexpr double kLongestMs = 1e10;  // four months; beyond it nobody waits
  const auto* const value = in.find(Field::kDeadlineMs);
  if (value == nullptr) {
    return Deadline::never();
  }
  double wait_ms = 0;
  if (value->get_double().get(wait_ms) != simdjson::SUCCESS || wait_ms < 0) {
    in.fail_with(400, "`deadline_ms` must be a number, 0 or more", TeiErrorType::kValidation);
    return Deadline::never();
  }
  if (wait_ms == 0) {
    in.fail_with(504, "the deadline of 0 ms has passed", TeiErrorType::kOverloaded);
    return Deadline::never();
  }
  return wait_ms > kLongestMs ? Deadline::never()
                              : Deadline::at(arrival + from_seconds(wait_ms / 1e3));
}

rerank::ScoreRule read_score_rule(FieldReader& in, const ReadOptions& options) {
  using rerank::ScoreRule;
  if (const auto raw = in.flag(Field::kRawScores)) {
    return *raw ? ScoreRule::kLogit : ScoreRule::kSigmoid;
  }
  if (const auto activation = in.flag(Field::kUseActivation)) {
    return *activation ? ScoreRule::kSigmoid : ScoreRule::kLogit;
  }
  return options.score_rule;
}

std::size_t read_top_n(FieldReader& in) {
  const auto field = in.first_of({Field::kTopN, Field::kTopK, Field::kRankCount});
  const std::int64_t count = field ? in.whole_number(*field).value_or(0) : 0;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::string read_query(FieldReader& in) {
  const auto* const value = in.find(Field::kQuery);
  if (value == nullptr) {
    in.fail("`query` is missing: expected a string");
    return {};
  }
  const auto query = in.string(Field::kQuery);
  if (query && is_blank(*query)) {
    in.fail("`query` must not be blank");
  }
  return std::string(query.value_or(""));
}

std::vector<std::string_view> read_rank_fields(FieldReader& in) {
  std::vector<std::string_view> names;
  const auto* const value = in.find(Field::kRankFields);
  simdjson::dom::array list;
  if (value == nullptr) {
    return names;
  }
  if (value->get_array().get(list) != simdjson::SUCCESS) {
    in.fail("`rank_fields` must be a list of strings");
    return names;
  }
  constexpr std::size_t kRankFieldsMax = 64;
  for (const simdjson::dom::element element : list) {
    std::string_view name;
    if (element.get_string().get(name) != simdjson::SUCCESS || names.size() == kRankFieldsMax) {
      in.fail(fmt::format("`rank_fields` must be a list of at most {} strings", kRankFieldsMax));
      return names;
    }
    names.push_back(name);
  }
  return names;
}

std::size_t total_characters(const rerank::RerankRequest& request) {
  std::size_t characters = 0;
  for (const auto& query : request.queries) {
    characters += query.size();
  }
  for (const auto& document : request.documents) {
    characters += document.size();
  }
  return characters;
}

}  // namespace rr::api
