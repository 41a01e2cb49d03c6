// GET /v1/models, /models and /v1/models/{id}: OpenAI's list with the one model served, and
// `model_type` for Xinference's client. Pure. Tested by health_test.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "rerank/service_info.h"

namespace rr::api {

std::string render_model_list(const rerank::ModelInfo& model, std::int64_t created);
std::string render_model(const rerank::ModelInfo& model, std::int64_t created);

}  // namespace rr::api
