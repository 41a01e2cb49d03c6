// What the server stands on, as functions, so that it is tested without an engine. All are called
// from I/O threads and must not block; `rerank` answers exactly once, on any thread.
#pragma once

#include <functional>

#include "rerank/request.h"
#include "rerank/service_info.h"

namespace rr::http {

struct Service {
  std::function<void(rerank::RerankRequest, rerank::RerankCallback)> rerank;
  std::function<rerank::ServiceState()> state;
  const rerank::ModelInfo* model = nullptr;  // never null; outlives the server
};

}  // namespace rr::http
