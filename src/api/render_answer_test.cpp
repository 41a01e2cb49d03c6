#include <gtest/gtest.h>

#include "api/tei.h"
#include "api/test_exchange.h"

namespace rr::api {
namespace {

TEST(RenderAnswer, TheSeedShapeHasDocumentsAsTheyWereSent) {
  Desk desk;
  const Exchange answer =
      desk.ask(InferenceRoute::kRerank,
               R"({"query":"q","documents":["a","b\"cé",{"text":"ddddd","id":7}]})");
  EXPECT_EQ(
      answer.body,
      R"({"id":"rerank-00112233445566778899aabbccddeeff","created":1760000000,)"
      R"("model":"served-model",)"
      R"("results":[{"index":1,"document":"b\"cé","score":0.8807971,"relevance_score":0.8807971},)"
      R"({"index":2,"document":{"text":"ddddd","id":7},"id":7,"score":0.8807971,)"
      R"("relevance_score":0.8807971},)"
      R"({"index":0,"document":"a","score":0.11920292,"relevance_score":0.11920292}],)"
      R"("usage":{"prompt_tokens":42,"total_tokens":42,"cached_pairs":1},)"
      R"("meta":{"api_version":{"version":"1"},"billed_units":{"search_units":1}},"took_ms":1.5})");
}

TEST(RenderAnswer, TheCommonShapeHasObjectsInResultsAndStringsInData) {
  Desk desk;
  const Exchange answer =
      desk.ask(InferenceRoute::kCommon, R"({"query":"q","documents":["a","bbb"],"top_n":1})");
  const Json json(answer.body);
  EXPECT_EQ(json.size("/results"), 1U);
  EXPECT_EQ(json.string("/results/0/document/text"), "bbb");
  EXPECT_EQ(json.integer("/results/0/rank"), 1);
  EXPECT_EQ(json.string("/data/0/document"), "bbb");
  EXPECT_EQ(json.size("/data"), 1U);
  EXPECT_FALSE(json.has("/object"));
}

TEST(RenderAnswer, ObjectsComeBackWholeWithTheirIdAndText) {
  Desk desk;
  const Exchange answer =
      desk.ask(InferenceRoute::kCommon,
               R"({"query":"q","documents":[{"id":"doc-7","content":"bb","n":[1,2.5,null],)"
               R"("x":{"é":"\u0007"}}]})");
  EXPECT_NE(answer.body.find(
                R"("document":{"id":"doc-7","content":"bb","n":[1,2.5,null],"x":{"é":"\u0007"},)"
                R"("text":"bb"},"id":"doc-7")"),
            std::string::npos)
      << answer.body;
  const Json json(answer.body);
  EXPECT_EQ(json.string("/data/0/document"), "bb");
}

TEST(RenderAnswer, AnEmptyTextOfAnObjectIsReplacedByTheScoredOne) {
  Desk desk;
  const Json json(
      desk.ask(InferenceRoute::kCommon, R"({"query":"q","documents":[{"text":"","body":"b"}]})")
          .body);
  EXPECT_EQ(json.string("/results/0/document/text"), "b");
  EXPECT_EQ(json.string("/results/0/document/body"), "b");
}

TEST(RenderAnswer, DocumentIsAbsentWhenNotWantedNeverNull) {
  Desk desk;
  const Exchange answer =
      desk.ask(InferenceRoute::kCommon,
               R"({"query":"q","documents":["a",{"text":"b","id":1}],"return_documents":false})");
  EXPECT_EQ(answer.body.find("document\""), std::string::npos) << answer.body;
}

TEST(RenderAnswer, EqualScoresComeLowerIndexFirstAndHigherIndexFirstInTeiForm) {
  Desk desk;
  const Json common(
      desk.ask(InferenceRoute::kCommon, R"({"query":"q","documents":["a","b","c"]})").body);
  EXPECT_EQ(common.integer("/results/0/index"), 0);
  EXPECT_EQ(common.integer("/results/2/index"), 2);
  const Json tei(desk.ask(InferenceRoute::kTei, R"({"query":"q","texts":["a","b","c"]})").body);
  EXPECT_EQ(tei.integer("/0/index"), 2);
  EXPECT_EQ(tei.integer("/2/index"), 0);
}

TEST(RenderAnswer, LogitsThatTheSigmoidRoundsTogetherStayInOrder) {
  Desk desk;
  desk.logits = {{"a", 17.0F}, {"b", 18.0F}, {"c", 40.0F}};
  const Json json(
      desk.ask(InferenceRoute::kCommon, R"({"query":"q","documents":["a","b","c"]})").body);
  EXPECT_EQ(json.integer("/results/0/index"), 2);
  EXPECT_EQ(json.integer("/results/1/index"), 1);
}

TEST(RenderAnswer, TheTeiArrayHasEveryTextAndItsTextOnlyWhenAsked) {
  Desk desk;
  EXPECT_EQ(
      desk.ask(InferenceRoute::kRerank, R"({"query":"q","texts":["a","bb","ccc"],"top_n":1})").body,
      R"([{"index":2,"score":0.5},{"index":1,"score":0.26894143},{"index":0,"score":0.11920292}])");
  EXPECT_EQ(desk.ask(InferenceRoute::kRerank,
                     R"({"query":"q","texts":["ccc"],"return_text":true,"raw_scores":true})")
                .body,
            R"([{"index":0,"text":"ccc","score":0.0}])");
}

TEST(RenderAnswer, ScoresComeInInputOrder) {
  Desk desk;
  const Exchange answer = desk.ask(
      InferenceRoute::kScore, R"({"text_1":"q","text_2":["a","bbbb"],"use_activation":false})");
  EXPECT_EQ(
      answer.body,
      R"({"id":"score-00112233445566778899aabbccddeeff","object":"list","created":1760000000,)"
      R"("model":"served-model","data":[{"index":0,"object":"score","score":-2.0},)"
      R"({"index":1,"object":"score","score":1.0}],"usage":{"prompt_tokens":42,"total_tokens":42,)"
      R"("completion_tokens":0,"prompt_tokens_details":null,"cached_pairs":1},"took_ms":1.5})");
}

TEST(RenderAnswer, PredictionsCarryTheOneLabel) {
  Desk desk;
  EXPECT_EQ(desk.ask(InferenceRoute::kPredict, R"({"inputs":["q","ccc"]})").body,
            R"([{"score":0.5,"label":"LABEL_0"}])");
  EXPECT_EQ(
      desk.ask(InferenceRoute::kPredict, R"({"inputs":[["q","ccc"],["q","a"]],"raw_scores":true})")
          .body,
      R"([[{"score":0.0,"label":"LABEL_0"}],[{"score":-2.0,"label":"LABEL_0"}]])");
}

TEST(RenderAnswer, CutPairsSaySoInEveryShape) {
  Desk desk;
  desk.truncated = true;
  for (const auto& [route, body] :
       {std::pair(InferenceRoute::kRerank, R"({"query":"q","documents":["a"]})"),
        std::pair(InferenceRoute::kCommon, R"({"query":"q","documents":["a"]})"),
        std::pair(InferenceRoute::kTei, R"({"query":"q","texts":["a"]})"),
        std::pair(InferenceRoute::kScore, R"({"text_1":"q","text_2":"a"})")}) {
    EXPECT_NE(desk.ask(route, body).body.find(R"("truncated":true)"), std::string::npos) << body;
  }
}

TEST(RenderAnswer, ScoresAlwaysHaveAPointOrExponent) {
  Desk desk;
  desk.logits = {{"a", 90.0F}, {"b", -90.0F}, {"c", -200.0F}};
  const Exchange answer = desk.ask(InferenceRoute::kTei, R"({"query":"q","texts":["a","b","c"]})");
  EXPECT_NE(answer.body.find(R"("score":1.0})"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("e-"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("score":0.0})"), std::string::npos) << answer.body;
}

TEST(RenderAnswer, TeiHeadersCountCharactersTokensAndMeanTimes) {
  AnswerPlan plan;
  plan.characters = 12;
  rerank::RerankResponse response;
  response.scores.resize(2);
  response.computed_tokens = 30;
  response.queue_time = std::chrono::milliseconds(8);
  const std::string headers = tei_headers(plan, response, 9.7);
  EXPECT_NE(headers.find("x-compute-characters: 12\r\n"), std::string::npos);
  EXPECT_NE(headers.find("x-compute-tokens: 30\r\n"), std::string::npos);
  EXPECT_NE(headers.find("x-queue-time: 4\r\n"), std::string::npos);
  EXPECT_NE(headers.find("x-total-time: 9\r\n"), std::string::npos);
}

}  // namespace
}  // namespace rr::api
