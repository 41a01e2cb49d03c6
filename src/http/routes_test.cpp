#include "http/routes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace rr::http {
namespace {

std::string path(std::string_view target) {
  const RouteMatch match = match_route(target);
  return match.route == nullptr ? "none" : std::string(match.route->path);
}

TEST(Routes, EveryInferencePathOfTheContractTakesPost) {
  for (const char* target : {"/rerank",
                             "/v1/rerank",
                             "/v2/rerank",
                             "/reranking",
                             "/v1/reranking",
                             "/api/rerank",
                             "/score",
                             "/v1/score",
                             "/predict",
                             "/",
                             "/invocations"}) {
    const RouteMatch match = match_route(target);
    ASSERT_NE(match.route, nullptr) << target;
    EXPECT_TRUE(match.route->post.has_value()) << target;
  }
}

TEST(Routes, EveryReadingPathTakesGet) {
  for (const char* target : {"/health",
                             "/live",
                             "/ready",
                             "/ping",
                             "/",
                             "/info",
                             "/models",
                             "/v1/models",
                             "/v1/models/m",
                             "/metrics",
                             "/stats"}) {
    const RouteMatch match = match_route(target);
    ASSERT_NE(match.route, nullptr) << target;
    EXPECT_TRUE(match.route->get.has_value()) << target;
  }
}

TEST(Routes, ProbesAndMetricsAreOpenAndTheRestWantsAKey) {
  for (const char* target : {"/health", "/live", "/ready", "/ping", "/", "/metrics"}) {
    EXPECT_EQ(match_route(target).route->get_access, Access::kOpen) << target;
  }
  for (const char* target : {"/info", "/models", "/v1/models", "/v1/models/m"}) {
    EXPECT_EQ(match_route(target).route->get_access, Access::kKey) << target;
  }
}

TEST(Routes, QueryStringsTrailingSlashesAndAbsoluteFormsAreUnderstood) {
  EXPECT_EQ(path("/rerank?x=1"), "/rerank");
  EXPECT_EQ(path("/rerank/"), "/rerank");
  EXPECT_EQ(path("http://host:8000/v1/rerank?a"), "/v1/rerank");
  EXPECT_EQ(path("http://host"), "/");
  EXPECT_EQ(path("/?x=/rerank"), "/");
}

TEST(Routes, OtherPathsAreNone) {
  for (const char* target : {"",
                             "rerank",
                             "/Rerank",
                             "/rerank//",
                             "/v1/v2/rerank",
                             "/v3/rerank",
                             "*",
                             "/v1/models/",
                             "/rerank/x"}) {
    EXPECT_EQ(path(target), std::string_view(target) == "/v1/models/" ? "/v1/models" : "none")
        << target;
  }
}

TEST(Routes, ModelIdsMayHoldSlashesAndEscapes) {
  EXPECT_EQ(match_route("/v1/models/org/name").rest, "org/name");
  EXPECT_EQ(match_route("/v1/models/org%2Fname%20x").rest, "org/name x");
  EXPECT_EQ(match_route("/v1/models/100%").rest, "100%");
  EXPECT_EQ(match_route("/v1/models/%zz").rest, "%zz");
}

TEST(Routes, AllowNamesTheMethods) {
  EXPECT_EQ(allowed_methods(*match_route("/rerank").route), "POST");
  EXPECT_EQ(allowed_methods(*match_route("/health").route), "GET, HEAD");
  EXPECT_EQ(allowed_methods(*match_route("/").route), "GET, HEAD, POST");
}

TEST(Routes, LabelsAreTheWholeClosedSet) {
  const auto labels = route_labels();
  EXPECT_EQ(labels.size(), 22U);
  EXPECT_EQ(labels.back(), "other");
}

TEST(Routes, EachStandsInTheReferenceOfTheInterface) {
  std::ifstream file(RR_SOURCE_DIR "/docs/API.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const std::string& label : route_labels()) {
    if (label != "other") {
      EXPECT_NE(page.find(label), std::string::npos) << label;
    }
  }
}

}  // namespace
}  // namespace rr::http
