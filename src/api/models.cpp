#include "api/models.h"

#include "base/json_text.h"

namespace rr::api {

std::string render_model(const rerank::ModelInfo& model, std::int64_t created) {
  JsonText json;
  json.open_object().key("id").string(model.name).key("object").string("model");
  json.key("created").number(created).key("owned_by").string("rerankd");
  json.key("model_type").string("rerank").key("model_name").string(model.name);
  json.key("max_model_len").number(model.max_length).close_object();
  return std::move(json).text();
}

std::string render_model_list(const rerank::ModelInfo& model, std::int64_t created) {
  JsonText json;
  json.open_object().key("object").string("list").key("data").open_array();
  json.raw(render_model(model, created)).close_array().close_object();
  return std::move(json).text();
}

}  // namespace rr::api
