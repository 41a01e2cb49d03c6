// What real clients send and how they read the answer, one test a client: the request body as the
// client's source writes it, then the fields that it reads, in the way that breaks it. Sources:
// the clients' repositories (file names in the comments). The fake scores are document lengths.
#include <gtest/gtest.h>

#include <algorithm>

#include "api/health.h"
#include "api/info.h"
#include "api/models.h"
#include "api/test_exchange.h"

namespace rr::api {
namespace {

constexpr auto kRerank = InferenceRoute::kRerank;
constexpr auto kV1 = InferenceRoute::kCommon;
constexpr auto kV2 = InferenceRoute::kCohereV2;

// The indexes of `results` (or `data`, or a bare array), each with a score that is a JSON float:
// Java's cast to Double fails on an integer (OpenSearch, CohereRerankPostProcessFunction.java).
std::vector<std::int64_t> indexes(simdjson::dom::array results, std::string_view score_key) {
  std::vector<std::int64_t> order;
  for (const simdjson::dom::element result : results) {
    EXPECT_TRUE(result[score_key].is_double());
    order.push_back(result["index"].get_int64());
  }
  return order;
}

simdjson::dom::array list_at(const Json& json, const char* pointer) {
  return (*json).at_pointer(pointer).get_array();
}

using Order = std::vector<std::int64_t>;
const Order kByLength = {1, 2, 0};  // of "a", "bbbb", "cc"

std::string body_with(const std::string& fields) {
  return R"({"query":"q","documents":["a","bbbb","cc"])" + fields + "}";
}

// Jina, Voyage and Haystack clients look for `results` (or `data`), else raise what `detail` says.
void expect_detail_on_error(InferenceRoute route) {
  Desk desk;
  const Json json(desk.ask(route, R"({"query":"q","documents":[]})").body);
  EXPECT_FALSE(json.has("/results"));
  EXPECT_FALSE(json.string("/detail").empty());
}

// cohere-python src/cohere/raw_base_client.py; cohere-typescript src/Client.ts
TEST(ClientRows, CohereV1Sdk) {
  Desk desk;
  const Json json(
      desk.ask(kV1,
               body_with(
                   R"(,"model":"rerank-v3","top_n":2,"rank_fields":null,"return_documents":true,)"
                   R"("max_chunks_per_doc":10)"))
          .body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), (Order{1, 2}));
  EXPECT_EQ(json.string("/results/0/document/text"), "bbbb");
  EXPECT_FALSE(json.string("/id").empty());
  EXPECT_EQ(json.string("/meta/api_version/version"), "1");
  EXPECT_EQ(json.number("/meta/billed_units/search_units"), 1);
  const Json error(desk.ask(kV1, R"({"query":"q","documents":[],"model":"m"})").body);
  EXPECT_FALSE(error.string("/message").empty());
}

// cohere-python src/cohere/v2/raw_client.py
TEST(ClientRows, CohereV2SdkNeverGetsDocuments) {
  Desk desk;
  const Json json(
      desk.ask(kV2,
               body_with(
                   R"(,"model":"rerank-v3.5","top_n":99,"max_tokens_per_doc":4096,"priority":0)"))
          .body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
  EXPECT_FALSE(json.has("/results/0/document"));
  EXPECT_EQ(json.string("/meta/api_version/version"), "2");
}

// langchain-cohere libs/cohere/langchain_cohere/rerank.py sends max_tokens_per_doc: null
TEST(ClientRows, LangChainCohere) {
  Desk desk;
  const Json json(
      desk.ask(kV2, body_with(R"(,"model":"m","top_n":3,"max_tokens_per_doc":null)")).body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
}

// langchain-community document_compressors/jina_rerank.py; LlamaIndex jinaai-rerank
TEST(ClientRows, LangChainAndLlamaIndexJina) {
  Desk desk;
  for (const char* top_n : {"null", "2"}) {
    const Json json(
        desk.ask(kV1, body_with(R"(,"model":"jina-reranker-v2","top_n":)" + std::string(top_n)))
            .body);
    EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score")[0], 1);
  }
  expect_detail_on_error(kV1);
}

// langchain-community infinity_rerank.py -> infinity_client: model and usage are required, `object`
// may only be "rerank", scores below 0 are dropped.
TEST(ClientRows, LangChainInfinity) {
  Desk desk;
  const Json json(desk.ask(kRerank, body_with(R"(,"model":"m")")).body);
  EXPECT_EQ(json.string("/model"), "served-model");
  EXPECT_EQ(json.integer("/usage/prompt_tokens"), 42);
  EXPECT_EQ(json.integer("/usage/total_tokens"), 42);
  EXPECT_FALSE(json.has("/object"));
  for (const simdjson::dom::element result : list_at(json, "/results")) {
    EXPECT_GE(double(result["relevance_score"]), 0.0);
  }
}

// LlamaIndex cohere-rerank
TEST(ClientRows, LlamaIndexCohere) {
  Desk desk;
  const Json json(desk.ask(kV2, body_with(R"(,"model":"m","top_n":2)")).body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), (Order{1, 2}));
}

// LlamaIndex tei-rerank asserts as many answers as texts
TEST(ClientRows, LlamaIndexTei) {
  Desk desk;
  const Json json(desk.ask(kRerank, R"({"query":"q","texts":["a","bbbb","cc"]})").body);
  EXPECT_EQ(indexes(list_at(json, ""), "score"), kByLength);
}

// LlamaIndex xinference-rerank sends no top_n and takes the first N
TEST(ClientRows, LlamaIndexXinference) {
  Desk desk;
  const Json json(desk.ask(kV1, body_with(R"(,"model":"uid")")).body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
}

// voyageai/object/reranking.py; LlamaIndex voyageai-rerank
TEST(ClientRows, VoyageSdk) {
  Desk desk;
  const Json json(
      desk.ask(kV1, body_with(R"(,"model":"rerank-2.5","top_k":null,"truncation":true)")).body);
  EXPECT_EQ(indexes(list_at(json, "/data"), "relevance_score"), kByLength);
  EXPECT_EQ(json.integer("/usage/total_tokens"), 42);
  const auto call = desk.read(kV1, body_with(R"(,"model":"m","top_k":1,"truncation":false)"));
  EXPECT_FALSE(std::get<InferenceCall>(call).request.truncate);
  expect_detail_on_error(kV1);
}

// haystack/components/rankers/hugging_face_tei.py trusts the array's order
TEST(ClientRows, HaystackTei) {
  Desk desk;
  const Json json(
      desk.ask(kRerank,
               R"({"query":"q","texts":["a","bbbb","cc"],"raw_scores":false,"truncate":true,)"
               R"("truncation_direction":"Right"})")
          .body);
  EXPECT_EQ(indexes(list_at(json, ""), "score"), kByLength);
}

// haystack-core-integrations jina and vllm rankers require model and usage, else read `detail`
TEST(ClientRows, HaystackJinaAndVllm) {
  Desk desk;
  for (const auto route : {kV1, kRerank}) {
    const Json json(desk.ask(route, body_with(R"(,"model":"m","top_n":2)")).body);
    EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), (Order{1, 2}));
    EXPECT_TRUE(json.has("/model"));
    EXPECT_TRUE(json.has("/usage"));
    expect_detail_on_error(route);
  }
}

// Dify openai_api_compatible
TEST(ClientRows, DifyOpenAiCompatible) {
  Desk desk;
  const Json json(desk.ask(kRerank, body_with(R"(,"model":"m","top_n":3)")).body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
}

// Dify huggingface_tei models/helper.py: the key `reranker` and max_input_length of /info, then
// index, text and score of every document.
TEST(ClientRows, DifyTei) {
  rerank::ModelInfo model;
  model.max_length = 512;
  const Json info(render_info(model, {}, {}));
  EXPECT_TRUE(info.has("/model_type/reranker"));
  EXPECT_EQ(info.integer("/max_input_length"), 512);
  Desk desk;
  const Json json(
      desk.ask(kRerank, R"({"query":"q","texts":["a","bbbb","cc"],"return_text":true})").body);
  EXPECT_EQ(indexes(list_at(json, ""), "score"), kByLength);
  EXPECT_EQ(json.string("/0/text"), "bbbb");
}

// Dify cohere (v1 SDK), siliconflow: result.document.text is required
TEST(ClientRows, DifyCohereAndSiliconFlow) {
  Desk desk;
  for (const auto route : {kV1, kRerank}) {
    const Json json(
        desk.ask(route, body_with(R"(,"model":"m","top_n":2,"return_documents":true)")).body);
    EXPECT_EQ(json.string("/results/0/document/text"), "bbbb");
    EXPECT_EQ(json.string("/results/1/document/text"), "cc");
  }
}

// Dify jina: return_documents false, documents may be objects
TEST(ClientRows, DifyJina) {
  Desk desk;
  const Json json(
      desk.ask(kRerank,
               R"({"model":"m","query":"q","documents":[{"text":"a"},{"text":"bbbb"}],"top_n":2,)"
               R"("return_documents":false})")
          .body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), (Order{1, 0}));
  EXPECT_FALSE(json.has("/results/0/document"));
}

// Dify localai and gpustack: where the key `document` exists, document["text"] is read: null
// crashes
TEST(ClientRows, DifyLocalAiAndGpuStack) {
  Desk desk;
  for (const auto route : {kRerank, kV1}) {
    for (const char* more : {"", R"(,"return_documents":false)"}) {
      const Json json(
          desk.ask(route, body_with(R"(,"model":"m","top_n":null)" + std::string(more))).body);
      for (const simdjson::dom::element result : list_at(json, "/results")) {
        simdjson::dom::element document;
        if (result["document"].get(document) == simdjson::SUCCESS) {
          EXPECT_TRUE(document["text"].is_string());
        }
      }
    }
  }
}

// Dify xinference: GET /v1/models/{uid}, then a document that is a string or {text}
TEST(ClientRows, DifyXinference) {
  rerank::ModelInfo model;
  model.name = "uid";
  EXPECT_EQ(Json(render_model(model, 1)).string("/model_type"), "rerank");
  Desk desk;
  const Json json(
      desk.ask(kV1,
               body_with(R"(,"model":"uid","top_n":3,"return_documents":true,"return_len":true)"))
          .body);
  EXPECT_EQ(json.string("/results/0/document/text"), "bbbb");
}

// Dify voyage reads data[].document as a string
TEST(ClientRows, DifyVoyage) {
  Desk desk;
  for (const auto route : {kRerank, kV1}) {
    const Json json(
        desk.ask(route, body_with(R"(,"model":"m","top_k":2,"return_documents":true)")).body);
    EXPECT_EQ(json.string("/data/0/document"), "bbbb");
    EXPECT_EQ(json.size("/data"), 2U);
  }
}

// backend/open_webui/retrieval/models/external.py sorts by index and maps by position
TEST(ClientRows, OpenWebUi) {
  Desk desk;
  const Json json(desk.ask(kV1, body_with(R"(,"model":"m","top_n":3)")).body);
  Order order = indexes(list_at(json, "/results"), "relevance_score");
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, (Order{0, 1, 2}));
}

// litellm/llms/cohere/rerank/transformation.py: id, results, meta; and its infinity tree: usage
TEST(ClientRows, LiteLlmCohereAndInfinity) {
  Desk desk;
  const Json json(
      desk.ask(kV1,
               body_with(R"(,"model":"m","top_n":3,"return_documents":true,"rank_fields":null,)"
                         R"("max_chunks_per_doc":null)"))
          .body);
  EXPECT_TRUE(json.has("/id"));
  EXPECT_TRUE(json.has("/meta/billed_units"));
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
  EXPECT_EQ(json.integer("/usage/total_tokens"), 42);
}

// litellm voyage reads data and usage; jina reads results after status 200 alone
TEST(ClientRows, LiteLlmVoyageAndJina) {
  Desk desk;
  const Json voyage(desk.ask(kV1, body_with(R"(,"model":"m","top_k":2)")).body);
  EXPECT_EQ(indexes(list_at(voyage, "/data"), "relevance_score"), (Order{1, 2}));
  const Exchange jina =
      desk.ask(kV1, body_with(R"(,"model":"m","top_n":2,"return_documents":false)"));
  EXPECT_EQ(jina.status, 200);
  EXPECT_EQ(indexes(list_at(Json(jina.body), "/results"), "relevance_score"), (Order{1, 2}));
}

// litellm hosted_vllm
TEST(ClientRows, LiteLlmHostedVllm) {
  Desk desk;
  const Json json(
      desk.ask(kRerank,
               body_with(
                   R"(,"model":"m","top_n":3,"max_tokens_per_doc":128,)"
                   R"("truncate_prompt_tokens":-1,"truncation_side":"right","instruction":"rank")"))
          .body);
  EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
  EXPECT_EQ(json.string("/results/0/document/text"), "bbbb");
  EXPECT_TRUE(json.has("/meta"));
}

// litellm huggingface: texts may hold objects, truncate is false
TEST(ClientRows, LiteLlmHuggingFace) {
  Desk desk;
  const std::string body =
      R"({"query":"q","texts":["a",{"text":"bbbb"},"cc"],"return_text":true,"top_n":2,)"
      R"("raw_scores":false,"truncate":false,"truncation_direction":"Right"})";
  const Json json(desk.ask(kRerank, body).body);
  EXPECT_EQ(indexes(list_at(json, ""), "score"), kByLength);
  EXPECT_EQ(json.string("/0/text"), "bbbb");
  EXPECT_FALSE(std::get<InferenceCall>(desk.read(kRerank, body)).request.truncate);
}

// RAGFlow rag/llm/rerank_model.py: Jina, OpenAI-compatible, GPUStack, LocalAI, VLLM; Xinference
// sends "return_documents":"true" as a string; SiliconFlow sends chunk sizes. Scores outside [0,1]
// are rescaled.
TEST(ClientRows, RagFlow) {
  Desk desk;
  for (const auto& [route, more] :
       {std::pair(kRerank, R"(,"model":"m","top_n":3)"),
        std::pair(kV1, R"(,"model":"m","top_n":3,"return_documents":"true","return_len":"true")"),
        std::pair(kV1,
                  R"(,"model":"m","top_n":3,"return_documents":false,"max_chunks_per_doc":1024,)"
                  R"("overlap_tokens":80)")}) {
    const Json json(desk.ask(route, body_with(more)).body);
    EXPECT_EQ(indexes(list_at(json, "/results"), "relevance_score"), kByLength);
    EXPECT_EQ(json.integer("/usage/total_tokens"), 42);
    for (const simdjson::dom::element result : list_at(json, "/results")) {
      const double score = result["relevance_score"];
      EXPECT_TRUE(score >= 0 && score <= 1);
    }
  }
}

TEST(ClientRows, RagFlowHuggingFace) {
  Desk desk;
  const Json json(
      desk.ask(kRerank, R"({"query":"q","texts":["a","bbbb"],"raw_scores":false,"truncate":true})")
          .body);
  EXPECT_EQ(indexes(list_at(json, ""), "score"), (Order{1, 0}));
}

// OpenSearch ml-commons CohereRerankPostProcessFunction.java: a score of exactly 1 must not print
// as an integer.
TEST(ClientRows, OpenSearch) {
  Desk desk;
  desk.logits = {{"a", 100.0F}, {"bbbb", 0.0F}, {"cc", -200.0F}};
  const Exchange answer = desk.ask(kV2, body_with(R"(,"model":"m","top_n":3)"));
  EXPECT_EQ(indexes(list_at(Json(answer.body), "/results"), "relevance_score"), (Order{0, 1, 2}));
  EXPECT_NE(answer.body.find(R"("relevance_score":1.0)"), std::string::npos);
}

// The seed service's own clients: strings on /rerank, a list of results on /v1/rerank with ranks.
TEST(ClientRows, SeedService) {
  Desk desk;
  const Json rerank(desk.ask(kRerank, body_with(R"(,"top_k":2)")).body);
  EXPECT_EQ(rerank.string("/results/0/document"), "bbbb");
  EXPECT_TRUE(rerank.has("/took_ms"));
  EXPECT_EQ(rerank.size("/results"), 2U);
  const Json v1(desk.ask(kV1, body_with(R"(,"rank_count":"2")")).body);
  EXPECT_EQ(v1.integer("/results/1/rank"), 2);
  EXPECT_EQ(v1.string("/results/0/document/text"), "bbbb");
}

// vLLM's clients of /score
TEST(ClientRows, VllmScore) {
  Desk desk;
  const Json json(
      desk.ask(InferenceRoute::kScore,
               R"({"model":"m","text_1":"q","text_2":["a","bbbb"],"truncate_prompt_tokens":-1})")
          .body);
  EXPECT_EQ(json.string("/object"), "list");
  EXPECT_EQ(indexes(list_at(json, "/data"), "score"), (Order{0, 1}));
  const Json error(desk.ask(InferenceRoute::kScore, R"({"text_1":"q"})").body);
  EXPECT_EQ(error.integer("/error/code"), 400);
  EXPECT_FALSE(error.string("/error/message").empty());
}

}  // namespace
}  // namespace rr::api
