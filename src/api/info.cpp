#include "api/info.h"

#include "base/json_text.h"

namespace rr::api {

namespace {

void write_model_type(JsonText& json) {
  json.key("model_type").open_object().key("reranker").open_object();
  json.key("id2label").open_object().key("0").string("LABEL_0").close_object();
  json.key("label2id").open_object().key("LABEL_0").number(0).close_object();
  json.close_object().close_object();
}

void write_optional_json(JsonText& json, std::string_view name, const std::string& value) {
  if (!value.empty()) {
    json.key(name).raw(value);
  }
}

}  // namespace

std::string render_info(const rerank::ModelInfo& model,
                        const rerank::ServiceState& state,
                        const InfoFacts& facts) {
  JsonText json;
  json.open_object().key("model_id").string(model.name).key("model_sha").null();
  json.key("model_dtype").string(model.dtype).key("served_model_name").string(model.name);
  write_model_type(json);
  json.key("max_concurrent_requests").number(state.queue.max_queue + state.queue.max_parallel);
  json.key("max_input_length").number(model.max_length);
  json.key("max_batch_tokens").number(facts.max_batch_tokens).key("max_batch_requests").null();
  json.key("max_client_batch_size").number(facts.max_documents);
  json.key("auto_truncate").boolean(true).key("tokenization_workers").number(facts.threads);
  json.key("version").string(facts.version).key("sha");
  if (facts.commit.empty()) {
    json.null();
  } else {
    json.string(facts.commit);
  }
  json.key("docker_label").null().key("fingerprint").string(model.fingerprint);
  write_optional_json(json, "calibration", model.calibration_json);
  write_optional_json(json, "price_list", model.price_list_json);
  json.close_object();
  return std::move(json).text();
}

}  // namespace rr::api
