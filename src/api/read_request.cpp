#include "api/read_request.h"

#include "api/common.h"
#include "api/predict.h"
#include "api/score.h"
#include "api/tei.h"

namespace rr::api {

namespace {

ReadOutcome read_object(simdjson::dom::object object,
                        InferenceRoute route,
                        const ReadOptions& options,
                        TimePoint arrival) {
  const FieldTable table(object);
  const bool only_texts = table.has(Field::kTexts) && !table.has(Field::kDocuments);
  switch (route) {
    case InferenceRoute::kScore:
      return read_score(table, options, arrival);
    case InferenceRoute::kPredict:
      return read_predict(table, options, arrival);
    case InferenceRoute::kCohereV2:
      return read_common(table, route, options, arrival);
    case InferenceRoute::kTei:
      if (only_texts || !table.has(Field::kDocuments)) {
        return read_tei(table, options, arrival);
      }
      return read_common(table, route, options, arrival);
    default:
      return only_texts ? read_tei(table, options, arrival)
                        : read_common(table, route, options, arrival);
  }
}

}  // namespace

ErrorForm error_form_of(InferenceRoute route) {
  return route == InferenceRoute::kTei || route == InferenceRoute::kPredict ? ErrorForm::kTei
                                                                            : ErrorForm::kUnion;
}

ReadOutcome read_request(JsonReader& reader,
                         InferenceRoute route,
                         const std::string& body,
                         const ReadOptions& options,
                         TimePoint arrival) {
  const ErrorForm form = error_form_of(route);
  simdjson::dom::element root;
  if (const Status status = reader.read(body, root); !status.ok()) {
    return RequestError{400, status.message(), form, TeiErrorType::kValidation};
  }
  simdjson::dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) {
    const int http_status = form == ErrorForm::kTei ? 422 : 400;
    return RequestError{
        http_status, "the body must be a JSON object", form, TeiErrorType::kValidation};
  }
  ReadOutcome outcome = read_object(object, route, options, arrival);
  reader.release();
  return outcome;
}

}  // namespace rr::api
