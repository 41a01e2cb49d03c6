// GET /info as Text Embeddings Inference answers it, so that its clients find a `reranker`; plus
// `calibration` and `price_list` where the model has them. Pure. Tested by health_test.cpp.
#pragma once

#include <string>
#include <string_view>

#include "rerank/service_info.h"

namespace rr::api {

struct InfoFacts {
  std::string_view version;
  std::string_view commit;  // empty = unknown
  int max_documents = 0;
  int max_batch_tokens = 0;
  int threads = 0;
};

std::string render_info(const rerank::ModelInfo& model,
                        const rerank::ServiceState& state,
                        const InfoFacts& facts);

}  // namespace rr::api
