#include "api/tei.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/answer.h"
#include "api/documents.h"
#include "api/request_fields.h"
#include "base/json_text.h"
#include "rerank/ranking.h"

namespace rr::api {

namespace {

// Blank is allowed as long as some text is not.
std::string read_tei_query(FieldReader& in, const std::vector<std::string>& texts) {
  if (!in.has(Field::kQuery)) {
    in.fail("`query` is missing: expected a string");
    return {};
  }
  std::string query(in.string(Field::kQuery).value_or(""));
  if (!in.failed() && is_blank(query) && std::all_of(texts.begin(), texts.end(), is_blank)) {
    in.fail("Input validation error: `inputs` cannot be empty");
  }
  return query;
}

}  // namespace

ReadOutcome read_tei(const FieldTable& table, const ReadOptions& options, TimePoint arrival) {
  FieldReader in(table, {ErrorForm::kTei, 422});
  InferenceCall call;
  call.plan.shape = AnswerShape::kTei;
  call.plan.error_form = ErrorForm::kTei;
  DocumentRules rules;
  rules.numbers = Numbers::kRefused;
  rules.max_documents = options.max_documents;
  rules.echo = in.flag(Field::kReturnText).value_or(false) ? Echo::kKeep : Echo::kDrop;
  Documents texts = read_documents(in, Field::kTexts, rules);
  call.request.queries.push_back(read_tei_query(in, texts.texts));
  place_documents(std::move(texts), call);
  read_input_profile(in, call.request);
  call.plan.score_rule = read_score_rule(in, options);
  call.request.deadline = read_deadline(in, arrival);
  if (in.failed()) {
    return in.error();
  }
  call.plan.characters = total_characters(call.request);
  return call;
}

std::string render_tei(const AnswerPlan& plan, const rerank::RerankResponse& response) {
  const auto order = rerank::ranked_order(response.scores, rerank::TieOrder::kHigherIndexFirst);
  JsonText json;
  json.reserve(64 * order.size() + (plan.documents.empty() ? 0 : plan.characters * 9 / 8));
  json.open_array();
  for (const std::size_t index : order) {
    const rerank::PairScore& score = response.scores[index];
    json.open_object().key("index").number(index);
    if (!plan.documents.empty()) {
      json.key("text").string(plan.documents[index].text);
    }
    json.key("score").number(rerank::relevance_score(score.logit, plan.score_rule));
    if (score.truncated) {
      json.key("truncated").boolean(true);
    }
    json.close_object();
  }
  json.close_array();
  return std::move(json).text();
}

std::string tei_headers(const AnswerPlan& plan,
                        const rerank::RerankResponse& response,
                        double took_ms) {
  const auto pairs = static_cast<std::int64_t>(std::max<std::size_t>(response.scores.size(), 1));
  const auto mean_ms = [pairs](Duration total) {
    return static_cast<std::int64_t>(to_milliseconds(total)) / pairs;
  };
  const auto whole_ms = static_cast<std::int64_t>(took_ms);
  return fmt::format(
      "x-compute-type: cpu+optimized\r\nx-compute-time: {}\r\nx-compute-characters: {}\r\n"
      "x-compute-tokens: {}\r\nx-total-time: {}\r\nx-tokenization-time: {}\r\n"
      "x-queue-time: {}\r\nx-inference-time: {}\r\n",
      whole_ms,
      plan.characters,
      response.computed_tokens,
      whole_ms,
      mean_ms(response.tokenize_time),
      mean_ms(response.queue_time),
      mean_ms(response.inference_time));
}

}  // namespace rr::api
