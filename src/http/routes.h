// The route table: which path answers which method, and the label its metrics carry. Pure,
// constant. Tested by routes_test.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"

namespace rr::http {

enum class GetEndpoint { kHealth, kLive, kReady, kPing, kInfo, kModels, kModel, kMetrics, kStats };
enum class Access { kOpen, kKey };

struct Route {
  std::string_view path;  // without trailing slash; "{id}" stands for the rest
  std::optional<GetEndpoint> get;
  std::optional<api::InferenceRoute> post;
  Access get_access = Access::kOpen;  // POST always wants a key where keys are set
};

struct RouteMatch {
  const Route* route = nullptr;  // null: no such path
  std::string rest;              // what "{id}" stood for, percent-decoded
};

// `target` as in the request line: origin or absolute form, query string ignored, one trailing
// slash forgiven.
RouteMatch match_route(std::string_view target);

// "GET, HEAD", "POST", or both.
std::string_view allowed_methods(const Route& route);

// Every label that metrics can carry: the table's paths and "other".
std::vector<std::string> route_labels();

}  // namespace rr::http
