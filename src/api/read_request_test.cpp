#include "api/read_request.h"

#include <gtest/gtest.h>

#include <limits>

#include "api/test_exchange.h"

namespace rr::api {
namespace {

constexpr auto kObject = InferenceRoute::kRerank;

std::string object_body(const std::string& fields) {
  return R"({"query":"q","documents":["a","bb"],)" + fields + "}";
}
std::string texts_body(const std::string& fields) {
  return R"({"query":"q","texts":["a","bb"],)" + fields + "}";
}

// The status of a body in either form; the TEI form also by its own path.
int status_of(const std::string& body, InferenceRoute route = kObject) {
  Desk desk;
  return desk.ask(route, body).status;
}

InferenceCall accepted(const std::string& body, InferenceRoute route = kObject) {
  Desk desk;
  ReadOutcome outcome = desk.read(route, body);
  if (const auto* error = std::get_if<RequestError>(&outcome)) {
    ADD_FAILURE() << error->message << " for " << body;
    return {};
  }
  return std::get<InferenceCall>(std::move(outcome));
}

std::vector<std::string> documents_of(const InferenceCall& call) {
  return {call.request.documents.begin(), call.request.documents.end()};
}

TEST(ReadRequest, WhatIsNoJsonGets400InBothForms) {
  const std::string bad[] = {
      "",
      "   ",
      "not json",
      R"({"query":"q","documents":["a"])",
      R"({"query":"q","documents":["a",]})",
      R"({"query":"q","documents":["a"]} x)",
      R"({'query':'q'})",
      R"({"query":"q","documents":["a"],"x":NaN})",
      R"({"query":"q","documents":["a"],"x":Infinity})",
      R"({"query":"q","documents":["a"],"x":1e999})",
      R"({"query":"q","texts":["a"],"x":-1e999})",
      R"({"query":"q","texts":["a"],"x":01})",
      "{\"query\":\"q\xff\",\"documents\":[\"a\"]}",
      "{\"query\":\"q\",\"texts\":[\"\xed\xa0\x80\"]}",
      "{\"query\":\"q\",\"texts\":[\"\xc0\xaf\"]}",
      R"({"query":"\ud800","documents":["a"]})",
      R"({"query":"\udc00","documents":["a"]})",
      R"({"query":"q","texts":["\ud800x"]})",
      "{\"query\":\"q\",\"documents\":[\"a\nb\"]}",
      "\xef\xbb\xbf{\"query\":\"q\",\"documents\":[\"a\"]}",
  };
  for (const std::string& body : bad) {
    EXPECT_EQ(status_of(body), 400) << body;
    EXPECT_EQ(status_of(body, InferenceRoute::kTei), 400) << body;
    EXPECT_EQ(status_of(body, InferenceRoute::kScore), 400) << body;
  }
}

TEST(ReadRequest, NestingOver32LevelsGets400) {
  const auto nested = [](int levels, const std::string& inner) {
    return object_body("\"x\":" + std::string(static_cast<std::size_t>(levels), '[') + inner +
                       std::string(static_cast<std::size_t>(levels), ']'));
  };
  for (const std::string inner : {"", "1", "\"s\""}) {
    EXPECT_EQ(status_of(nested(31, inner)), 200) << inner;  // the object itself is a level
    EXPECT_EQ(status_of(nested(32, inner)), 400) << inner;
    EXPECT_EQ(status_of(nested(64, inner)), 400) << inner;
  }
  EXPECT_EQ(status_of(nested(100'000, "")), 400);
  std::string objects = "1";
  for (int i = 0; i < 64; ++i) {
    objects.insert(0, "{\"a\":").append("}");
  }
  EXPECT_EQ(status_of(object_body("\"x\":" + objects)), 400);
  EXPECT_EQ(status_of(R"({"query":"q","documents":["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]})"),
            200);
}

TEST(ReadRequest, ABodyThatIsNoObjectGets400Or422) {
  for (const std::string body : {"[]", "3", "\"text\"", "null", "true"}) {
    EXPECT_EQ(status_of(body), 400) << body;
    EXPECT_EQ(status_of(body, InferenceRoute::kTei), 422) << body;
    EXPECT_EQ(status_of(body, InferenceRoute::kPredict), 422) << body;
  }
}

TEST(ReadRequest, DeadlineIsANumberOfMilliseconds) {
  for (const auto& make : {object_body, texts_body}) {
    EXPECT_EQ(status_of(make(R"("deadline_ms":-1)")), 400);
    EXPECT_EQ(status_of(make(R"("deadline_ms":"5")")), 400);
    EXPECT_EQ(status_of(make(R"("deadline_ms":true)")), 400);
    EXPECT_EQ(status_of(make(R"("deadline_ms":0)")), 504);
    EXPECT_EQ(status_of(make(R"("deadline_ms":null)")), 200);
    EXPECT_EQ(status_of(make(R"("deadline_ms":1e300)")), 200);
  }
  const auto call = accepted(object_body(R"("deadline_ms":1.5)"));
  EXPECT_EQ(call.request.deadline.time(), TimePoint() + std::chrono::microseconds(1500));
  EXPECT_TRUE(accepted(object_body(R"("x":1)")).request.deadline.is_never());
}

TEST(ReadRequest, AQueryIsAStringThatIsNotBlank) {
  for (const std::string query :
       {"null", "3", "[]", "{}", "true", "\"\"", R"(" \t\n")", R"("\u00a0\u2003\u3000")"}) {
    EXPECT_EQ(status_of("{\"query\":" + query + R"(,"documents":["a"]})"), 400) << query;
  }
  EXPECT_EQ(status_of(R"({"documents":["a"]})"), 400);
  EXPECT_EQ(status_of(R"({"texts":["a"]})"), 422);
  EXPECT_EQ(status_of(R"({"query":3,"texts":["a"]})"), 422);
  EXPECT_EQ(status_of(R"({"query":null,"texts":["a"]})"), 422);
}

TEST(ReadRequest, ABlankQueryIsAllowedWithTextsUnlessAllAreBlank) {
  EXPECT_EQ(status_of(R"({"query":"","texts":["a",""]})"), 200);
  EXPECT_EQ(status_of(R"({"query":" ","texts":[""," "]})"), 422);
  EXPECT_EQ(status_of(R"({"query":"q","texts":["",""]})"), 200);
}

TEST(ReadRequest, DocumentsWithoutTextAreRefused) {
  const std::string bad[] = {"null",
                             "{}",
                             "3",
                             "\"a\"",
                             "[null]",
                             "[[]]",
                             "[true]",
                             "[{}]",
                             R"([{"id":1}])",
                             R"(["a",null])",
                             R"([{"text":null}])"};
  for (const std::string& documents : bad) {
    EXPECT_EQ(status_of("{\"query\":\"q\",\"documents\":" + documents + "}"), 400) << documents;
    EXPECT_EQ(status_of("{\"query\":\"q\",\"texts\":" + documents + "}", InferenceRoute::kTei), 422)
        << documents;
  }
  EXPECT_EQ(status_of(R"({"query":"q"})"), 400);
  EXPECT_EQ(status_of(R"({"query":"q"})", InferenceRoute::kTei), 422);
  EXPECT_EQ(status_of(R"({"query":"q","documents":[]})"), 400);
}

TEST(ReadRequest, AnEmptyListOfTextsIsEmptyWith400) {
  Desk desk;
  const Exchange answer = desk.ask(kObject, R"({"query":"q","texts":[]})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"error":"`texts` cannot be empty","error_type":"Empty"})");
}

TEST(ReadRequest, MoreDocumentsThanTheMaximumAreRefused) {
  std::string list = "\"a\"";
  for (int i = 1; i < 10'001; ++i) {
    list += ",\"a\"";
  }
  EXPECT_EQ(status_of("{\"query\":\"q\",\"documents\":[" + list + "]}"), 400);
  EXPECT_EQ(status_of("{\"query\":\"q\",\"texts\":[" + list + "]}"), 422);
  list.resize(list.size() - 4);
  EXPECT_EQ(status_of("{\"query\":\"q\",\"documents\":[" + list + "]}"), 200);
}

TEST(ReadRequest, NumbersAmongDocumentsAreTheirTextAsPythonPrintsIt) {
  const auto call =
      accepted(R"({"query":"q","documents":[42,-7,1.5,1e5,1e16,1e-7,2.50,18446744073709551615,)"
               R"({"text":3}]})");
  const std::vector<std::string> expected = {
      "42", "-7", "1.5", "100000.0", "1e+16", "1e-07", "2.5", "18446744073709551615", "3"};
  EXPECT_EQ(documents_of(call), expected);
  EXPECT_EQ(status_of(R"({"query":"q","texts":["a",3]})"), 422);
}

TEST(ReadRequest, TopNFollowsTheTable) {
  const std::pair<const char*, std::size_t> good[] = {{"null", 0},
                                                      {"0", 0},
                                                      {"-3", 0},
                                                      {"99", 99},
                                                      {"3", 3},
                                                      {"\"3\"", 3},
                                                      {"3.0", 3},
                                                      {"1e30", 2147483648}};
  for (const auto& [value, expected] : good) {
    const auto call = accepted(object_body("\"top_n\":" + std::string(value)));
    EXPECT_EQ(call.plan.top_n, expected) << value;
  }
  for (const char* value : {"1.5", "\"x\"", "\"\"", "\"1.5\"", "[]", "{}", "true"}) {
    EXPECT_EQ(status_of(object_body("\"top_n\":" + std::string(value))), 400) << value;
    EXPECT_EQ(status_of(object_body("\"top_k\":" + std::string(value))), 400) << value;
    EXPECT_EQ(status_of(texts_body("\"top_n\":" + std::string(value))), 200) << value;
  }
  EXPECT_EQ(accepted(object_body(R"("top_k":1)")).plan.top_n, 1U);
  EXPECT_EQ(accepted(object_body(R"("rank_count":1)")).plan.top_n, 1U);
  EXPECT_EQ(accepted(object_body(R"("top_n":2,"top_k":1)")).plan.top_n, 2U);
  EXPECT_EQ(accepted(object_body(R"("top_n":null,"top_k":1)")).plan.top_n, 1U);
}

TEST(ReadRequest, OfDuplicateKeysTheLastWins) {
  const auto call = accepted(
      R"({"query":"x","documents":["a"],"documents":["b",{"text":"c","text":"d"}],"query":"q",)"
      R"("top_n":9,"top_n":null})");
  EXPECT_EQ(call.request.queries[0], "q");
  EXPECT_EQ(documents_of(call), (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(call.plan.top_n, 0U);
  EXPECT_EQ(status_of(R"({"query":"q","documents":["a"],"documents":[]})"), 400);
  EXPECT_EQ(accepted(R"({"query":"q","texts":["a"],"texts":["b"]})").request.documents[0], "b");
}

TEST(ReadRequest, NullOnAnOptionalFieldIsTheSameAsAbsent) {
  const std::string nulls =
      R"("top_n":null,"top_k":null,"return_documents":null,"raw_scores":null,"truncate":null,)"
      R"("truncation_direction":null,"truncation_side":null,"max_tokens_per_doc":null,)"
      R"("model":null,)"
      R"("truncate_prompt_tokens":null,"use_activation":null,"rank_fields":null,)"
      R"("return_text":null)";
  EXPECT_EQ(status_of(object_body(nulls)), 200);
  EXPECT_EQ(status_of(texts_body(nulls)), 200);
  EXPECT_EQ(status_of(R"({"query":"q","documents":null,"texts":["a"]})"), 200);
}

TEST(ReadRequest, UnknownFieldsArePassedOver) {
  EXPECT_EQ(status_of(object_body(R"("instruction":"x","user":{"a":[1]},"priority":-3,"":null)")),
            200);
}

TEST(ReadRequest, ReturnDocumentsTakesBooleansAndTheirTexts) {
  for (const char* value : {"true", "1", "\"true\"", "\"True\"", "\"1\"", "1.0", "null"}) {
    EXPECT_EQ(
        accepted(object_body("\"return_documents\":" + std::string(value))).plan.documents.size(),
        2U)
        << value;
  }
  for (const char* value : {"false", "0", "\"false\"", "\"FALSE\"", "\"no\"", "\"0\""}) {
    EXPECT_TRUE(
        accepted(object_body("\"return_documents\":" + std::string(value))).plan.documents.empty())
        << value;
  }
  for (const char* value : {"2", "\"x\"", "[]"}) {
    EXPECT_EQ(status_of(object_body("\"return_documents\":" + std::string(value))), 400) << value;
  }
}

TEST(ReadRequest, TheServersDefaultDecidesAboutDocumentsExceptForCohereV2) {
  EXPECT_TRUE(accepted(object_body("\"x\":1"), InferenceRoute::kCohereV2).plan.documents.empty());
  EXPECT_EQ(accepted(object_body(R"("return_documents":true)"), InferenceRoute::kCohereV2)
                .plan.documents.size(),
            2U);
  Desk desk;
  desk.options.return_documents = false;
  const auto outcome = desk.read(kObject, object_body("\"x\":1"));
  EXPECT_TRUE(std::get<InferenceCall>(outcome).plan.documents.empty());
}

TEST(ReadRequest, TheInputProfileIsRead) {
  const auto call = accepted(
      object_body(R"("truncate":false,"truncation_direction":"Left","max_tokens_per_doc":64,)"
                  R"("max_tokens_per_query":"8","truncate_prompt_tokens":128)"));
  EXPECT_FALSE(call.request.truncate);
  EXPECT_EQ(call.request.truncation_side, text::TruncationSide::kLeft);
  EXPECT_EQ(call.request.max_document_tokens, 64);
  EXPECT_EQ(call.request.max_query_tokens, 8);
  EXPECT_EQ(call.request.max_length, 128);
  EXPECT_EQ(accepted(object_body(R"("truncate_prompt_tokens":-1)")).request.max_length, 0);
  EXPECT_FALSE(accepted(object_body(R"("truncation":false)")).request.truncate);
  EXPECT_EQ(accepted(object_body(R"("truncation_side":"left")")).request.truncation_side,
            text::TruncationSide::kLeft);
  for (const char* bad : {R"("truncation_side":"up")",
                          R"("max_tokens_per_doc":-1)",
                          R"("truncate_prompt_tokens":-2)",
                          R"("truncate":"maybe")"}) {
    EXPECT_EQ(status_of(object_body(bad)), 400) << bad;
    EXPECT_EQ(status_of(texts_body(bad)), 422) << bad;
  }
}

TEST(ReadRequest, TheRequestChoosesTheKindOfScore) {
  using rerank::ScoreRule;
  EXPECT_EQ(accepted(object_body(R"("raw_scores":true)")).plan.score_rule, ScoreRule::kLogit);
  EXPECT_EQ(accepted(object_body(R"("use_activation":false)")).plan.score_rule, ScoreRule::kLogit);
  EXPECT_EQ(accepted(object_body(R"("x":1)")).plan.score_rule, ScoreRule::kSigmoid);
  Desk desk;
  desk.options.score_rule = ScoreRule::kLogit;
  const auto silent = desk.read(kObject, object_body("\"x\":1"));
  EXPECT_EQ(std::get<InferenceCall>(silent).plan.score_rule, ScoreRule::kLogit);
  const auto spoken = desk.read(kObject, object_body(R"("raw_scores":false)"));
  EXPECT_EQ(std::get<InferenceCall>(spoken).plan.score_rule, ScoreRule::kSigmoid);
}

TEST(ReadRequest, ThePathChoosesFirstThenTheBody) {
  const auto shape = [](const std::string& body, InferenceRoute route) {
    return accepted(body, route).plan.shape;
  };
  const std::string documents = R"({"query":"q","documents":["a"]})";
  const std::string texts = R"({"query":"q","texts":["a"]})";
  const std::string both = R"({"query":"q","texts":["a"],"documents":["b"]})";
  EXPECT_EQ(shape(documents, InferenceRoute::kRerank), AnswerShape::kSeed);
  EXPECT_EQ(shape(R"({"query":"q","documents":["a"],"model":"m"})", InferenceRoute::kRerank),
            AnswerShape::kCommon);
  EXPECT_EQ(shape(R"({"query":"q","documents":["a"],"top_n":1})", InferenceRoute::kRerank),
            AnswerShape::kCommon);
  EXPECT_EQ(shape(R"({"query":"q","documents":["a"],"top_k":1})", InferenceRoute::kRerank),
            AnswerShape::kSeed);
  EXPECT_EQ(shape(documents, InferenceRoute::kCommon), AnswerShape::kCommon);
  EXPECT_EQ(shape(documents, InferenceRoute::kCohereV2), AnswerShape::kCohereV2);
  EXPECT_EQ(shape(texts, InferenceRoute::kRerank), AnswerShape::kTei);
  EXPECT_EQ(shape(texts, InferenceRoute::kCommon), AnswerShape::kTei);
  EXPECT_EQ(shape(texts, InferenceRoute::kTei), AnswerShape::kTei);
  EXPECT_EQ(shape(documents, InferenceRoute::kTei), AnswerShape::kCommon);
  EXPECT_EQ(shape(both, InferenceRoute::kRerank), AnswerShape::kSeed);
  EXPECT_EQ(accepted(both).request.documents[0], "b");
  EXPECT_EQ(status_of(texts, InferenceRoute::kCohereV2), 400);
}

TEST(ReadRequest, ObjectsGiveTheirFirstTextOrTheirRankFields) {
  const auto texts = [](const std::string& object, const std::string& more = "") {
    return accepted(R"({"query":"q","documents":[)" + object + "]" + more + "}")
        .request.documents[0];
  };
  EXPECT_EQ(
      texts(R"({"snippet":"6","value":"5","body":"4","content":"3","document":"2","text":"1"})"),
      "1");
  EXPECT_EQ(texts(R"({"snippet":"6","value":"5","body":"4"})"), "4");
  EXPECT_EQ(texts(R"({"text":"","content":"c"})"), "c");
  EXPECT_EQ(texts(R"({"text":""})"), "");
  EXPECT_EQ(texts(R"({"title":"t","text":"x","n":2})", R"(,"rank_fields":["title","n","text"])"),
            "t 2 x");
  EXPECT_EQ(texts(R"({"text":"x"})", R"(,"rank_fields":["title"])"), "x");
  EXPECT_EQ(status_of(object_body(R"("rank_fields":"title")")), 400);
  EXPECT_EQ(status_of(object_body(R"("rank_fields":[1])")), 400);
}

TEST(ReadRequest, ScorePairsOneToOneOneToManyAndManyToMany) {
  const auto pairs = [](const std::string& body) {
    const auto call = accepted(body, InferenceRoute::kScore);
    return std::pair(call.request.queries.size(), call.request.documents.size());
  };
  EXPECT_EQ(pairs(R"({"queries":"a","documents":"b"})"), std::pair(1UL, 1UL));
  EXPECT_EQ(pairs(R"({"text_1":"a","text_2":["b","c"]})"), std::pair(1UL, 2UL));
  EXPECT_EQ(pairs(R"({"data_1":["a","b"],"data_2":["c","d"]})"), std::pair(2UL, 2UL));
  EXPECT_EQ(pairs(R"({"queries":["a"],"items":["c","d"]})"), std::pair(1UL, 2UL));
  for (const char* bad : {R"({"text_1":["a","b"],"text_2":"c"})",
                          R"({"text_1":["a","b"],"text_2":["c","d","e"]})",
                          R"({"text_1":[],"text_2":"c"})",
                          R"({"text_1":"a"})",
                          R"({"text_2":"a"})",
                          R"({"text_1":" ","text_2":"a"})",
                          R"({"text_1":true,"text_2":"a"})"}) {
    EXPECT_EQ(status_of(bad, InferenceRoute::kScore), 400) << bad;
  }
}

TEST(ReadRequest, PredictTakesOnePairOrABatchOfThem) {
  const auto one = accepted(R"({"inputs":["a","b"]})", InferenceRoute::kPredict);
  EXPECT_EQ(one.plan.shape, AnswerShape::kPredictOne);
  EXPECT_EQ(one.request.queries[0] + one.request.documents[0], "ab");
  const auto batch = accepted(R"({"inputs":[["a","b"],["c","d"]]})", InferenceRoute::kPredict);
  EXPECT_EQ(batch.plan.shape, AnswerShape::kPredictBatch);
  EXPECT_EQ(batch.request.queries.size(), 2U);
  for (const char* bad : {R"({"inputs":"a"})",
                          R"({"inputs":[["a"]]})",
                          R"({"inputs":["a"]})",
                          R"({"inputs":[["a","b"],"c"]})",
                          R"({"inputs":[["",""]]})",
                          R"({})"}) {
    EXPECT_EQ(status_of(bad, InferenceRoute::kPredict), 422) << bad;
  }
  EXPECT_EQ(status_of(R"({"inputs":[]})", InferenceRoute::kPredict), 400);
}

TEST(ReadRequest, TheReaderIsUsableAfterEveryError) {
  Desk desk;
  EXPECT_EQ(desk.ask(kObject, "{").status, 400);
  EXPECT_EQ(desk.ask(kObject, object_body("\"x\":1")).status, 200);
  const std::string large = R"({"query":"q","documents":[")" + std::string(3 << 20, 'x') + "\"]}";
  EXPECT_EQ(desk.ask(kObject, large).status, 200);
  EXPECT_EQ(desk.ask(kObject, object_body("\"x\":1")).status, 200);
}

}  // namespace
}  // namespace rr::api
