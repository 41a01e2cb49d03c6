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

struct ResultRow {
  std::size_t index = 0;
  std::size_t rank = 0;  // from 1
  std::string score_json;
  bool truncated = false;
  const EchoDocument* document = nullptr;  // null when none is returned
};

// Where the quoted text of a row's document stands in the answer already written, so that `data`
// copies it instead of escaping it again. Documents can be megabytes.
struct WrittenText {
  std::size_t offset = 0;
  std::size_t size = 0;  // 0: not written yet
};

WrittenText write_document(JsonText& json, const EchoDocument& document, AnswerShape shape) {
  if (!document.object_json.empty()) {
    json.raw(document.object_json);
    return {};
  }
  const bool plain = shape == AnswerShape::kSeed;
  if (!plain) {
    json.open_object().key("text");
  }
  const std::size_t offset = json.text().size();
  json.string(document.text);
  const WrittenText written{offset, json.text().size() - offset};
  if (!plain) {
    json.close_object();
  }
  return written;
}

WrittenText write_result(JsonText& json, const ResultRow& row, AnswerShape shape) {
  WrittenText written;
  json.open_object().key("index").number(row.index);
  if (shape != AnswerShape::kSeed) {
    json.key("rank").number(row.rank);
  }
  if (row.document != nullptr) {
    json.key("document");
    written = write_document(json, *row.document, shape);
    if (!row.document->id_json.empty()) {
      json.key("id").raw(row.document->id_json);
    }
  }
  json.key("score").raw(row.score_json).key("relevance_score").raw(row.score_json);
  if (row.truncated) {
    json.key("truncated").boolean(true);
  }
  json.close_object();
  return written;
}

// Voyage's list: documents are strings here.
void write_datum(JsonText& json, const ResultRow& row, const WrittenText& written) {
  json.open_object().key("index").number(row.index).key("relevance_score").raw(row.score_json);
  if (row.document != nullptr) {
    json.key("document");
    if (written.size != 0) {
      json.raw(std::string_view(json.text()).substr(written.offset, written.size));
    } else {
      json.string(row.document->text);
    }
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
    const rerank::PairScore& score = response.scores[order[i]];
    ResultRow& row = rows[i];
    row.index = order[i];
    row.rank = i + 1;
    row.score_json = json_number(rerank::relevance_score(score.logit, plan.score_rule));
    row.truncated = score.truncated;
    row.document = plan.documents.empty() ? nullptr : &plan.documents[order[i]];
  }
  return rows;
}

// An upper estimate for documents of ordinary text, so that the answer is allocated once.
std::size_t expected_bytes(const std::vector<ResultRow>& rows, AnswerShape shape) {
  const std::size_t copies = shape == AnswerShape::kSeed ? 1 : 2;
  std::size_t bytes = 512 + 200 * rows.size();
  for (const ResultRow& row : rows) {
    if (row.document != nullptr) {
      const std::size_t text = row.document->text.size();
      bytes += copies * (text + text / 16) + row.document->object_json.size();
    }
  }
  return bytes;
}

void write_lists(JsonText& json, const std::vector<ResultRow>& rows, AnswerShape shape) {
  std::vector<WrittenText> written;
  written.reserve(rows.size());
  json.key("results").open_array();
  for (const ResultRow& row : rows) {
    written.push_back(write_result(json, row, shape));
  }
  json.close_array();
  if (shape == AnswerShape::kSeed) {
    return;
  }
  json.key("data").open_array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    write_datum(json, rows[i], written[i]);
  }
  json.close_array();
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
    place_documents(read_documents(in, Field::kDocuments, rules), call);
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
  json.reserve(expected_bytes(rows, plan.shape));
  json.open_object().key("id").string("rerank-" + std::string(facts.id));
  json.key("created").number(facts.created).key("model").string(facts.model);
  write_lists(json, rows, plan.shape);
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
