#include "api/predict.h"

#include <fmt/format.h>

#include "api/answer.h"
#include "api/documents.h"
#include "api/request_fields.h"
#include "base/json_text.h"

namespace rr::api {

namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kWantsPairs =
    "`inputs` must be a pair [query, text] or a list of pairs: this model scores pairs";

struct Pairs {
  std::vector<std::string> queries;
  std::vector<std::string> documents;
};

bool add_pair(FieldReader& in, dom::array pair, Pairs& pairs) {
  std::string_view query;
  std::string_view text;
  const bool fits = pair.size() == 2 && pair.at(0).get_string().get(query) == simdjson::SUCCESS &&
                    pair.at(1).get_string().get(text) == simdjson::SUCCESS;
  if (!fits) {
    in.fail(std::string(kWantsPairs));
    return false;
  }
  if (is_blank(query) && is_blank(text)) {
    in.fail("Input validation error: `inputs` cannot be empty");
    return false;
  }
  pairs.queries.emplace_back(query);
  pairs.documents.emplace_back(text);
  return true;
}

void read_batch(FieldReader& in, dom::array batch, int max_pairs, Pairs& pairs) {
  if (batch.size() > static_cast<std::size_t>(max_pairs)) {
    in.fail(fmt::format("batch size {} > maximum allowed batch size {}", batch.size(), max_pairs));
    return;
  }
  for (const dom::element element : batch) {
    dom::array pair;
    if (element.get_array().get(pair) != simdjson::SUCCESS) {
      in.fail(std::string(kWantsPairs));
      return;
    }
    if (!add_pair(in, pair, pairs)) {
      return;
    }
  }
}

AnswerShape read_inputs(FieldReader& in, int max_pairs, Pairs& pairs) {
  const auto* const inputs = in.find(Field::kInputs);
  dom::array list;
  if (inputs == nullptr || inputs->get_array().get(list) != simdjson::SUCCESS) {
    in.fail(inputs == nullptr ? "`inputs` is missing" : std::string(kWantsPairs));
    return AnswerShape::kPredictOne;
  }
  if (list.size() == 0) {
    in.fail_with(400, "`inputs` cannot be empty", TeiErrorType::kEmpty);
    return AnswerShape::kPredictOne;
  }
  if ((*list.begin()).is_array()) {
    read_batch(in, list, max_pairs, pairs);
    return AnswerShape::kPredictBatch;
  }
  add_pair(in, list, pairs);
  return AnswerShape::kPredictOne;
}

}  // namespace

ReadOutcome read_predict(const FieldTable& table, const ReadOptions& options, TimePoint arrival) {
  FieldReader in(table, {ErrorForm::kTei, 422});
  InferenceCall call;
  call.plan.error_form = ErrorForm::kTei;
  Pairs pairs;
  call.plan.shape = read_inputs(in, options.max_documents, pairs);
  call.request.queries = std::move(pairs.queries);
  call.request.documents = rerank::SharedTexts(std::move(pairs.documents));
  read_input_profile(in, call.request);
  call.plan.score_rule = read_score_rule(in, options);
  call.request.deadline = read_deadline(in, arrival);
  if (in.failed()) {
    return in.error();
  }
  call.plan.characters = total_characters(call.request);
  return call;
}

std::string render_predict(const AnswerPlan& plan, const rerank::RerankResponse& response) {
  const bool batch = plan.shape == AnswerShape::kPredictBatch;
  JsonText json;
  json.open_array();
  for (const rerank::PairScore& score : response.scores) {
    if (batch) {
      json.open_array();
    }
    json.open_object().key("score").number(rerank::relevance_score(score.logit, plan.score_rule));
    json.key("label").string("LABEL_0").close_object();
    if (batch) {
      json.close_array();
    }
  }
  json.close_array();
  return std::move(json).text();
}

}  // namespace rr::api
