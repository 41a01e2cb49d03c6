#include "http/routes.h"

#include <array>

namespace rr::http {

namespace {

using api::InferenceRoute;

constexpr auto kNoGet = std::nullopt;
constexpr auto kNoPost = std::nullopt;

constexpr std::array kRoutes = {
    Route{"/", GetEndpoint::kPing, InferenceRoute::kTei},
    Route{"/rerank", kNoGet, InferenceRoute::kRerank},
    Route{"/v1/rerank", kNoGet, InferenceRoute::kCommon},
    Route{"/v2/rerank", kNoGet, InferenceRoute::kCohereV2},
    Route{"/reranking", kNoGet, InferenceRoute::kCommon},
    Route{"/v1/reranking", kNoGet, InferenceRoute::kCommon},
    Route{"/api/rerank", kNoGet, InferenceRoute::kCommon},
    Route{"/score", kNoGet, InferenceRoute::kScore},
    Route{"/v1/score", kNoGet, InferenceRoute::kScore},
    Route{"/predict", kNoGet, InferenceRoute::kPredict},
    Route{"/invocations", kNoGet, InferenceRoute::kTei},
    Route{"/health", GetEndpoint::kHealth, kNoPost},
    Route{"/live", GetEndpoint::kLive, kNoPost},
    Route{"/ready", GetEndpoint::kReady, kNoPost},
    Route{"/ping", GetEndpoint::kPing, kNoPost},
    Route{"/metrics", GetEndpoint::kMetrics, kNoPost},
    Route{"/stats", GetEndpoint::kStats, kNoPost},
    Route{"/info", GetEndpoint::kInfo, kNoPost, Access::kKey},
    Route{"/models", GetEndpoint::kModels, kNoPost, Access::kKey},
    Route{"/v1/models", GetEndpoint::kModels, kNoPost, Access::kKey},
};
constexpr std::string_view kModelPrefix = "/v1/models/";
constexpr Route kModelRoute{"/v1/models/{id}", GetEndpoint::kModel, kNoPost, Access::kKey};

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                        hex_value(text[i + 2]) >= 0;
    if (escape) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// The path of an origin-form or absolute-form target.
std::string_view path_of(std::string_view target) {
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    const auto slash = target.find('/', scheme + 3);
    target = slash == target.npos ? std::string_view("/") : target.substr(slash);
  }
  target = target.substr(0, target.find_first_of("?#"));
  if (target.size() > 1 && target.ends_with('/')) {
    target.remove_suffix(1);
  }
  return target;
}

}  // namespace

RouteMatch match_route(std::string_view target) {
  const std::string_view path = path_of(target);
  for (const Route& route : kRoutes) {
    if (route.path == path) {
      return {&route, {}};
    }
  }
  if (path.starts_with(kModelPrefix) && path.size() > kModelPrefix.size()) {
    return {&kModelRoute, percent_decoded(path.substr(kModelPrefix.size()))};
  }
  return {};
}

std::string_view allowed_methods(const Route& route) {
  if (route.get && route.post) {
    return "GET, HEAD, POST";
  }
  return route.get ? "GET, HEAD" : "POST";
}

std::vector<std::string> route_labels() {
  std::vector<std::string> labels;
  labels.reserve(kRoutes.size() + 2);
  for (const Route& route : kRoutes) {
    labels.emplace_back(route.path);
  }
  labels.emplace_back(kModelRoute.path);
  labels.emplace_back("other");
  return labels;
}

}  // namespace rr::http
