#include "http/site.h"

#include <gtest/gtest.h>

#include "http/fake_service.h"

namespace rr::http {
namespace {

class SiteTest : public ::testing::Test {
 protected:
  Site& site(const std::function<void(SiteOptions&)>& adjust = [](SiteOptions&) {}) {
    SiteOptions options;
    options.version = "1.2.3";
    adjust(options);
    site_ = std::make_unique<Site>(std::move(options), fake_.service(), metrics_, clock_);
    return *site_;
  }

  static RequestHead head(std::string_view method, std::string_view target) {
    RequestHead head;
    head.method = method;
    head.target = target;
    return head;
  }
  static HttpAnswer get(const Site& site, const RequestHead& head) {
    const Screening screening = site.screen(head);
    EXPECT_FALSE(screening.refusal.has_value()) << head.target;
    return site.get(screening.match, head);
  }

  FakeClock clock_;
  FakeService fake_;
  metrics::Metrics metrics_{route_labels(), {}};
  std::unique_ptr<Site> site_;
};

int refusal(const Screening& screening) {
  return screening.refusal ? screening.refusal->status : 0;
}

TEST_F(SiteTest, UnknownRoutesAndWrongMethodsAreRefusedWithAllow) {
  Site& it = site();
  EXPECT_EQ(refusal(it.screen(head("GET", "/nowhere"))), 404);
  EXPECT_EQ(it.screen(head("GET", "/nowhere")).label, "other");
  const Screening wrong = it.screen(head("GET", "/rerank"));
  EXPECT_EQ(refusal(wrong), 405);
  EXPECT_EQ(wrong.refusal->extra_headers, "Allow: POST\r\n");
  EXPECT_EQ(refusal(it.screen(head("POST", "/health"))), 405);
  EXPECT_EQ(refusal(it.screen(head("BREW", "/health"))), 405);
  EXPECT_EQ(refusal(it.screen(head("OPTIONS", "/rerank"))), 405);
  EXPECT_EQ(refusal(it.screen(head("HEAD", "/health"))), 0);
}

TEST_F(SiteTest, OtherContentTypesAndEncodingsGet415) {
  Site& it = site();
  RequestHead request = head("POST", "/rerank");
  request.content_type = "text/html";
  EXPECT_EQ(refusal(it.screen(request)), 415);
  request.content_type = "application/json";
  EXPECT_EQ(refusal(it.screen(request)), 0);
  request.content_encoding = "gzip";
  EXPECT_EQ(refusal(it.screen(request)), 415);
}

TEST_F(SiteTest, KeysGuardEveryInferencePathAndLeaveProbesOpen) {
  Site& it = site([](SiteOptions& options) { options.api_keys = {"secret"}; });
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
    RequestHead request = head("POST", target);
    EXPECT_EQ(refusal(it.screen(request)), 401) << target;
    request.authorization = "Bearer wrong";
    EXPECT_EQ(refusal(it.screen(request)), 401) << target;
    request.authorization = "Bearer secret";
    EXPECT_EQ(refusal(it.screen(request)), 0) << target;
    request.authorization = "secret";
    EXPECT_EQ(refusal(it.screen(request)), 0) << target;
  }
  for (const char* target : {"/health", "/live", "/ready", "/ping", "/", "/metrics"}) {
    EXPECT_EQ(refusal(it.screen(head("GET", target))), 0) << target;
  }
  EXPECT_EQ(refusal(it.screen(head("GET", "/info"))), 401);
  EXPECT_GE(metrics_.rejected(metrics::RejectReason::kUnauthorized).Value(), 23);
}

TEST_F(SiteTest, TeiPathsGetFlatErrorsAndOthersTheUnion) {
  Site& it = site([](SiteOptions& options) { options.api_keys = {"secret"}; });
  EXPECT_TRUE(
      it.screen(head("POST", "/predict")).refusal->body.starts_with(R"({"error":"the API key)"));
  EXPECT_TRUE(
      it.screen(head("POST", "/rerank")).refusal->body.starts_with(R"({"error":{"message")"));
}

TEST_F(SiteTest, CorsAnswersOnlyTheNamedOrigins) {
  Site& it = site([](SiteOptions& options) { options.cors_origins = {"https://a.example"}; });
  RequestHead request = head("OPTIONS", "/rerank");
  EXPECT_EQ(refusal(it.screen(request)), 405);
  request.origin = "https://a.example";
  EXPECT_EQ(refusal(it.screen(request)), 204);
  EXPECT_EQ(it.cors_origin("https://a.example"), "https://a.example");
  EXPECT_EQ(it.cors_origin("https://b.example"), "");
  EXPECT_EQ(site([](SiteOptions& options) { options.cors_origins = {"*"}; }).cors_origin("x"), "*");
}

TEST_F(SiteTest, ProbesFollowReadinessAndTheDrain) {
  Site& it = site();
  const auto status = [&](const char* target) { return get(it, head("GET", target)).status; };
  EXPECT_EQ(status("/health"), 200);
  EXPECT_EQ(status("/ready"), 200);
  EXPECT_EQ(status("/ping"), 200);
  EXPECT_TRUE(get(it, head("GET", "/ping")).body.empty());
  it.start_draining();
  EXPECT_EQ(status("/ready"), 503);
  EXPECT_EQ(status("/health"), 503);
  EXPECT_EQ(status("/live"), 200);
  rerank::ServiceState state;
  state.ready = false;
  fake_.set_state(state);
  EXPECT_EQ(status("/ping"), 503);
  EXPECT_EQ(get(it, head("GET", "/")).body,
            R"({"error":"the model is not ready","error_type":"Unhealthy"})");
}

TEST_F(SiteTest, MetricsComeAsTextOrJson) {
  Site& it = site();
  RequestHead request = head("GET", "/metrics");
  const HttpAnswer text = get(it, request);
  EXPECT_EQ(text.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(text.body.find("reranker_requests_total{"), std::string::npos);
  request.accept = "application/json";
  EXPECT_TRUE(get(it, request).body.starts_with("{"));
  EXPECT_TRUE(get(it, head("GET", "/stats")).body.starts_with("{"));
}

TEST_F(SiteTest, TheOneModelIsFoundByItsNameAndOthersAre404) {
  Site& it = site();
  EXPECT_EQ(get(it, head("GET", "/v1/models/fake-model")).status, 200);
  EXPECT_EQ(get(it, head("GET", "/v1/models/other")).status, 404);
  EXPECT_NE(get(it, head("GET", "/models")).body.find("fake-model"), std::string::npos);
  EXPECT_NE(get(it, head("GET", "/info")).body.find(R"("reranker")"), std::string::npos);
}

TEST_F(SiteTest, FailuresOfTheServiceKeepTheDialectAndRetryAfter) {
  Site& it = site();
  api::AnswerPlan plan;
  plan.error_form = api::ErrorForm::kTei;
  const HttpAnswer busy =
      it.answer(plan, {Status(Code::kOverloaded, "queue full"), 7}, clock_.now(), "id");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.retry_after_s, 7);
  EXPECT_EQ(busy.body, R"({"error":"queue full","error_type":"Overloaded"})");
  plan.error_form = api::ErrorForm::kUnion;
  EXPECT_EQ(it.answer(plan, {Status(Code::kNonFinite, "document 3"), 0}, clock_.now(), "id").status,
            500);
}

TEST(AnswerHead, HasEveryLineThatWasAskedFor) {
  HttpAnswer answer;
  answer.status = 429;
  answer.body = "12345";
  answer.retry_after_s = 3;
  answer.extra_headers = "X-A: b\r\n";
  std::string head;
  write_head(answer, {"id-1", http_date(784111777), "https://a.example", true, false}, head);
  EXPECT_EQ(head,
            "HTTP/1.1 429 Too Many Requests\r\nServer: rerankd\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
            "Content-Length: 5\r\nX-Request-Id: id-1\r\nRetry-After: 3\r\n"
            "Access-Control-Allow-Origin: https://a.example\r\nVary: Origin\r\n"
            "Access-Control-Expose-Headers: X-Request-Id, Retry-After\r\n"
            "Connection: close\r\nX-A: b\r\n\r\n");
}

TEST(AnswerHead, AnAnswerWithoutContentHasNoLength) {
  HttpAnswer answer;
  answer.status = 204;
  answer.content_type = {};
  std::string head;
  write_head(answer, {"i", "d", "", false, true}, head);
  EXPECT_EQ(head,
            "HTTP/1.1 204 No Content\r\nServer: rerankd\r\nDate: d\r\nX-Request-Id: i\r\n"
            "Connection: keep-alive\r\n\r\n");
}

}  // namespace
}  // namespace rr::http
