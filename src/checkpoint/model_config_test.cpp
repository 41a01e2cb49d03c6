#include "checkpoint/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "checkpoint/fake_checkpoint.h"

namespace rr::checkpoint {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSizes =
    R"("model_type":"bert","hidden_size":384,"num_attention_heads":12,"intermediate_size":1536,)"
    R"("num_hidden_layers":6,"vocab_size":30522,"max_position_embeddings":512)";

std::string config_with(std::string_view more) {
  return "{" + std::string(kSizes) + std::string(more) + "}";
}

std::string complaint(std::string_view json) {
  const auto config = parse_model_config("config.json", json);
  EXPECT_EQ(config.status().code(), Code::kCorrupt);
  return config.status().message();
}

TEST(ModelConfig, ReadsACrossEncodersConfig) {
  const auto config = parse_model_config(
      "config.json",
      config_with(R"(,"architectures":["BertForSequenceClassification"],"hidden_act":"gelu",)"
                  R"("layer_norm_eps":1e-12,"type_vocab_size":2,"id2label":{"0":"LABEL_0"},)"
                  R"("sbert_ce_default_activation_function":"torch.nn.modules.linear.Identity")"));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->model_type, "bert");
  EXPECT_THAT(config->architectures, testing::ElementsAre("BertForSequenceClassification"));
  EXPECT_EQ(config->hidden_size, 384);
  EXPECT_EQ(config->num_attention_heads, 12);
  EXPECT_EQ(config->intermediate_size, 1536);
  EXPECT_EQ(config->num_hidden_layers, 6);
  EXPECT_EQ(config->vocab_size, 30522);
  EXPECT_EQ(config->max_position_embeddings, 512);
  EXPECT_EQ(config->num_labels, 1);
  EXPECT_EQ(config->layer_norm_eps, 1e-12);
  EXPECT_EQ(config->activation_fn, "torch.nn.modules.linear.Identity");
}

TEST(ModelConfig, LeavesOpenWhatTheFileDoesNotSay) {
  const ModelConfig config = parse_model_config("config.json", config_with("")).value();
  EXPECT_TRUE(config.architectures.empty());
  EXPECT_FALSE(config.num_labels || config.hidden_act || config.layer_norm_eps ||
               config.type_vocab_size || config.activation_fn || config.position_embedding_type);
  EXPECT_FALSE(config.is_decoder || config.is_quantized);
}

TEST(ModelConfig, PrefersTheNewerActivationField) {
  const ModelConfig config =
      parse_model_config("config.json",
                         config_with(R"(,"sentence_transformers":{"activation_fn":"new"},)"
                                     R"("sbert_ce_default_activation_function":"old")"))
          .value();
  EXPECT_EQ(config.activation_fn, "new");
}

TEST(ModelConfig, CountsLabelsByTheirNames) {
  EXPECT_EQ(parse_model_config("f", config_with(R"(,"id2label":{"0":"a","1":"b","2":"c"})"))
                .value()
                .num_labels,
            3);
  EXPECT_EQ(parse_model_config("f", config_with(R"(,"num_labels":5)")).value().num_labels, 5);
}

TEST(ModelConfig, NamesTheFieldThatIsMissingOrOutOfRange) {
  EXPECT_THAT(complaint("{}"), HasSubstr("hidden_size: wants an integer"));
  for (const std::string_view field : {"hidden_size",
                                       "num_attention_heads",
                                       "intermediate_size",
                                       "num_hidden_layers",
                                       "vocab_size",
                                       "max_position_embeddings"}) {
    for (const std::string_view value :
         {"null", "0", "-1", "1e18", "9223372036854775807", "1.5", "\"x\"", "[]"}) {
      const std::string quoted = "\"" + std::string(field) + "\":";
      std::string json = config_with("");
      const std::size_t begin = json.find(quoted) + quoted.size();
      json.replace(begin, json.find_first_of(",}", begin) - begin, value);
      EXPECT_THAT(complaint(json), HasSubstr("[config.json] " + std::string(field) + ": wants"))
          << json;
    }
  }
}

TEST(ModelConfig, RefusesValuesThatContradictEachOther) {
  EXPECT_THAT(complaint(R"({"hidden_size":385,"num_attention_heads":12,"intermediate_size":1536,)"
                        R"("num_hidden_layers":6,"vocab_size":9,"max_position_embeddings":9})"),
              HasSubstr("hidden_size 385 is no multiple of num_attention_heads 12"));
  for (const std::string_view eps : {"0", "-1e-12", "1", "1e300"}) {
    EXPECT_THAT(complaint(config_with(",\"layer_norm_eps\":" + std::string(eps))),
                HasSubstr("layer_norm_eps"));
  }
}

TEST(MaxSeqLength, IsTheLeastThatTheSentenceTransformersFilesName) {
  const TempDir dir;
  EXPECT_EQ(read_max_seq_length(dir.path()).value(), std::nullopt);
  write_file(dir.path() / "sentence_bert_config.json", R"({"max_seq_length":null})");
  EXPECT_EQ(read_max_seq_length(dir.path()).value(), std::nullopt);
  write_file(dir.path() / "sentence_bert_config.json", R"({"max_seq_length":256})");
  EXPECT_EQ(read_max_seq_length(dir.path()).value(), 256);
  write_file(dir.path() / "config_sentence_transformers.json", R"({"max_seq_length":128})");
  EXPECT_EQ(read_max_seq_length(dir.path()).value(), 128);
  write_file(dir.path() / "config_sentence_transformers.json", R"({"max_seq_length":0})");
  EXPECT_THAT(read_max_seq_length(dir.path()).status().message(),
              HasSubstr("[config_sentence_transformers.json] max_seq_length"));
}

}  // namespace
}  // namespace rr::checkpoint
