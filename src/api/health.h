// GET /health, /live and /ready as JSON; the object's keys are always all there. Pure. Tested by
// health_test.cpp.
#pragma once

#include <string>
#include <string_view>

#include "rerank/service_info.h"

namespace rr::api {

struct HealthFacts {
  std::string_view version;
  double uptime_s = 0;
  double unix_s = 0;
  bool draining = false;
};

// "ok", "starting" or "draining".
std::string_view health_status(const rerank::ServiceState& state, const HealthFacts& facts);

std::string render_health(const rerank::ModelInfo& model,
                          const rerank::ServiceState& state,
                          const HealthFacts& facts);

// {"status":…}: what /live and /ready answer.
std::string render_status(std::string_view status);

}  // namespace rr::api
