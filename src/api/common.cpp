#include "api/common.h"

#include <algorithm>

#include "api/documents.h"
#include "api/request_fields.h"
#include "base/json_text.h"
#include "rerank/ranking.h"

namespace rr::api {

namespace {

bool wants_documents(FieldReader& in, InferenceRoute route, const ReadOptions& options) {
  const bool fallback = route != InferenceRoute::kCohereV2 && options.return_documents;
  return in.flag(Field::kReturnDocuments).value_or(fallback);
}

AnswerShape answer_shape(const FieldTable& table, InferenceRoute route) {
  if (route == InferenceRoute::kCohereV2) {
    return AnswerShape::kCohereV2;
  }
  const bool seed =
      route == InferenceRoute::kRerank && !table.has(Field::kModel) && !table.has(Field::kTopN);
  return seed ? AnswerShape::kSeed : AnswerShape::kCommon;
}

// A result's document: as JSON text made once, since it is written up to three times.
struct ShownDocument {
  std::string text_json;    // the text in quotes
  std::string object_json;  // {"text":…} or the object that was sent
};

ShownDocument show(const EchoDocument& document) {
  ShownDocument shown{json_quoted(document.text), document.object_json};
  if (shown.object_json.empty()) {
    shown.object_json.reserve(shown.text_json.size() + 9);
    shown.object_json.append(R"({"text":)").append(shown.text_json).append("}");
  }
  return shown;
}

struct ResultRow {
  std::size_t index = 0;
  std::size_t rank = 0;  // from 1
  std::string score_json;
  bool truncated = false;
  const EchoDocument* document = nullptr;  // null when none is returned
  ShownDocument shown;
};

void write_result(JsonText& json, const ResultRow& row, AnswerShape shape) {
  json.open_object().key("index").number(row.index);
  if (shape != AnswerShape::kSeed) {
    json.key("rank").number(row.rank);
  }
  if (row.document != nullptr) {
    const bool plain = shape == AnswerShape::kSeed && row.document->object_json.empty();
    json.key("document").raw(plain ? row.shown.text_json : row.shown.object_json);
    if (!row.document->id_json.empty()) {
      json.key("id").raw(row.document->id_json);
    }
  }
  json.key("score").raw(row.score_json).key("relevance_score").raw(row.score_json);
  if (row.truncated) {
    json.key("truncated").boolean(true);
  }
  json.close_object();
}

// Voyage's list: documents are strings here.
void write_datum(JsonText& json, const ResultRow& row) {
  json.open_object().key("index").number(row.index).key("relevance_score").raw(row.score_json);
  if (row.document != nullptr) {
    json.key("document").raw(row.shown.text_json);
  }
  json.close_object();
}

std::vector<ResultRow> make_rows(const AnswerPlan& plan, const rerank::RerankResponse& response) {
  auto order = rerank::ranked_order(response.scores, rerank::TieOrder::kLowerIndexFirst);
  if (plan.top_n != 0 && plan.top_n < order.size()) {
    order.resize(plan.top_n);
  }
  std::vector<ResultRow> rows(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    ResultRow& row = rows[i];
    row.index = order[i];
    row.rank = i + 1;
    row.score_json =
        json_number(rerank::relevance_score(response.scores[row.index].logit, plan.score_rule));
    row.truncated = response.scores[row.index].truncated;
    if (!plan.documents.empty()) {
      row.document = &plan.documents[row.index];
      row.shown = show(*row.document);
    }
  }
  return rows;
}

std::size_t expected_bytes(const std::vector<ResultRow>& rows) {
  std::size_t bytes = 512;
  for (const ResultRow& row : rows) {
    bytes += 200 + row.shown.object_json.size() + row.shown.text_json.size();
  }
  return bytes;
}

}  // namespace

ReadOutcome read_common(const FieldTable& table,
                        InferenceRoute route,
                        const ReadOptions& options,
                        TimePoint arrival) {
  FieldReader in(table, {ErrorForm::kUnion, 400});
  InferenceCall call;
  call.plan.shape = answer_shape(table, route);
  call.plan.api_version = route == InferenceRoute::kCohereV2 ? "2" : "1";
  call.request.queries.push_back(read_query(in));
  DocumentRules rules;
  rules.max_documents = options.max_documents;
  rules.echo = wants_documents(in, route, options) ? Echo::kKeep : Echo::kDrop;
  rules.rank_fields = read_rank_fields(in);
  if (!in.failed()) {
    Documents documents = read_documents(in, Field::kDocuments, rules);
    call.request.documents = std::move(documents.texts);
    call.plan.documents = std::move(documents.echoes);
  }
  read_input_profile(in, call.request);
  call.plan.score_rule = read_score_rule(in, options);
  call.plan.top_n = read_top_n(in);
  call.request.deadline = read_deadline(in, arrival);
  if (in.failed()) {
    return in.error();
  }
  call.plan.characters = total_characters(call.request);
  return call;
}

std::string render_common(const AnswerPlan& plan,
                          const rerank::RerankResponse& response,
                          const AnswerFacts& facts) {
  const std::vector<ResultRow> rows = make_rows(plan, response);
  JsonText json;
  json.reserve(expected_bytes(rows));
  json.open_object().key("id").string("rerank-" + std::string(facts.id));
  json.key("created").number(facts.created).key("model").string(facts.model);
  json.key("results").open_array();
  for (const ResultRow& row : rows) {
    write_result(json, row, plan.shape);
  }
  json.close_array();
  if (plan.shape != AnswerShape::kSeed) {
    json.key("data").open_array();
    for (const ResultRow& row : rows) {
      write_datum(json, row);
    }
    json.close_array();
  }
  json.key("usage").open_object();
  json.key("prompt_tokens").number(response.computed_tokens);
  json.key("total_tokens").number(response.computed_tokens);
  json.key("cached_pairs").number(response.cached_pairs).close_object();
  json.key("meta").open_object().key("api_version").open_object();
  json.key("version").string(plan.api_version).close_object();
  json.key("billed_units").open_object().key("search_units").number(1).close_object();
  json.close_object();
  json.key("took_ms").number(facts.took_ms).close_object();
  return std::move(json).text();
}

}  // namespace rr::api
