#include "api/score.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/documents.h"
#include "api/request_fields.h"
#include "base/json_text.h"

namespace rr::api {

ReadOutcome read_score(const FieldTable& table, const ReadOptions& options, TimePoint arrival) {
  FieldReader in(table, {ErrorForm::kUnion, 400});
  InferenceCall call;
  call.plan.shape = AnswerShape::kScore;
  const auto left = in.first_of({Field::kQueries, Field::kText1, Field::kData1, Field::kQuery});
  const auto right = in.first_of({Field::kDocuments, Field::kItems, Field::kText2, Field::kData2});
  DocumentRules rules;
  rules.max_documents = options.max_documents;
  call.request.queries = read_text_or_list(in, left.value_or(Field::kQueries), rules).texts;
  place_documents(read_text_or_list(in, right.value_or(Field::kDocuments), rules), call);
  const auto& queries = call.request.queries;
  if (!in.failed() && std::any_of(queries.begin(), queries.end(), is_blank)) {
    in.fail("a query must not be blank");
  }
  if (!in.failed() && queries.size() != 1 && queries.size() != call.request.documents.size()) {
    in.fail(
        fmt::format("{} queries do not fit {} documents: give one query, or as many as documents",
                    queries.size(),
                    call.request.documents.size()));
  }
  read_input_profile(in, call.request);
  call.plan.score_rule = read_score_rule(in, options);
  call.request.deadline = read_deadline(in, arrival);
  if (in.failed()) {
    return in.error();
  }
  call.plan.characters = total_characters(call.request);
  return call;
}

std::string render_score(const AnswerPlan& plan,
                         const rerank::RerankResponse& response,
                         const AnswerFacts& facts) {
  JsonText json;
  json.reserve(256 + 64 * response.scores.size());
  json.open_object().key("id").string("score-" + std::string(facts.id));
  json.key("object").string("list").key("created").number(facts.created);
  json.key("model").string(facts.model).key("data").open_array();
  for (std::size_t i = 0; i < response.scores.size(); ++i) {
    json.open_object().key("index").number(i).key("object").string("score");
    json.key("score").number(rerank::relevance_score(response.scores[i].logit, plan.score_rule));
    if (response.scores[i].truncated) {
      json.key("truncated").boolean(true);
    }
    json.close_object();
  }
  json.close_array().key("usage").open_object();
  json.key("prompt_tokens").number(response.computed_tokens);
  json.key("total_tokens").number(response.computed_tokens);
  json.key("completion_tokens").number(0).key("prompt_tokens_details").null();
  json.key("cached_pairs").number(response.cached_pairs).close_object();
  json.key("took_ms").number(facts.took_ms).close_object();
  return std::move(json).text();
}

}  // namespace rr::api
