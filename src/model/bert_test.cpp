#include "model/bert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/temp_dir.h"
#include "model/fake_model.h"

namespace rr::model {
namespace {

using testing::HasSubstr;

class BertFolder : public testing::Test {
 protected:
  void SetUp() override { write_fake_model(dir_.path(), fake_spec()); }

  void config(std::string_view more) {
    checkpoint::write_file(dir_.path() / "config.json", fake_config(fake_spec(), more));
  }
  // config.json with one of its own fields changed.
  void change_config(std::string_view from, std::string_view to) {
    std::string json = fake_config(fake_spec(), "");
    const std::size_t at = json.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    checkpoint::write_file(dir_.path() / "config.json", json.replace(at, from.size(), to));
  }
  void tensors(const std::vector<checkpoint::FakeTensor>& tensors) {
    checkpoint::write_file(dir_.path() / "model.safetensors",
                           checkpoint::safetensors_file(tensors));
  }
  Result<ModelSpec> spec() { return bert_spec(*open()); }
  std::shared_ptr<const checkpoint::Checkpoint> open() {
    return checkpoint::Checkpoint::open(dir_.path()).value();
  }
  std::string refusal() {
    const auto result = spec();
    EXPECT_EQ(result.status().code(), Code::kUnsupported);
    return result.status().message();
  }
  TempDir dir_;
};

TEST_F(BertFolder, FillsTheSpecFromTheConfig) {
  const ModelSpec spec = this->spec().value();
  EXPECT_EQ(spec.family, "bert");
  EXPECT_EQ(spec.hidden_size, 32);
  EXPECT_EQ(spec.num_attention_heads, 2);
  EXPECT_EQ(spec.intermediate_size, 64);
  EXPECT_EQ(spec.num_hidden_layers, 2);
  EXPECT_EQ(spec.vocab_size, 500);
  EXPECT_EQ(spec.max_position_embeddings, 128);
  EXPECT_EQ(spec.type_vocab_size, 2);
  EXPECT_EQ(spec.layer_norm_eps, 1e-12F);
  EXPECT_EQ(spec.activation, Activation::kGeluErf);
}

TEST_F(BertFolder, PutsEveryTensorWhereItBelongs) {
  const auto checkpoint = open();
  const RandomModel expected = make_random_model(fake_spec(), 1);
  ModelWeights weights = bert_weights(fake_spec(), *checkpoint).value();
  const ModelWeights& model = expected.weights;
  const auto same = [](const checkpoint::TensorView& a, const checkpoint::TensorView& b) {
    return a.shape == b.shape && std::memcmp(a.data, b.data, b.size_bytes()) == 0;
  };
  EXPECT_TRUE(same(weights.word_embeddings, model.word_embeddings));
  EXPECT_TRUE(same(weights.position_embeddings, model.position_embeddings));
  EXPECT_TRUE(same(weights.token_type_embeddings, model.token_type_embeddings));
  EXPECT_TRUE(same(weights.embedding_norm.bias, model.embedding_norm.bias));
  ASSERT_EQ(weights.blocks.size(), 2U);
  EXPECT_TRUE(same(weights.blocks[1].query.weight, model.blocks[1].query.weight));
  EXPECT_TRUE(same(weights.blocks[1].key.bias, model.blocks[1].key.bias));
  EXPECT_TRUE(same(weights.blocks[1].output.weight, model.blocks[1].output.weight));
  EXPECT_TRUE(same(weights.blocks[0].output_norm.weight, model.blocks[0].output_norm.weight));
  EXPECT_TRUE(same(weights.pooler.weight, model.pooler.weight));
  EXPECT_TRUE(same(weights.classifier.weight, model.classifier.weight));
  EXPECT_EQ(weights.classifier.bias.name, "classifier.bias");
}

TEST_F(BertFolder, TakesTheNormNamesOfTheOldestCheckpoints) {
  auto old = fake_tensors(fake_spec(), 1);
  for (auto& tensor : old) {
    if (const auto at = tensor.name.find("LayerNorm.weight"); at != std::string::npos) {
      tensor.name.replace(at, std::string::npos, "LayerNorm.gamma");
    } else if (const auto bias = tensor.name.find("LayerNorm.bias"); bias != std::string::npos) {
      tensor.name.replace(bias, std::string::npos, "LayerNorm.beta");
    }
  }
  old.push_back({"bert.embeddings.position_ids", "I64", {1, 1}, "01234567"});
  tensors(old);
  const auto checkpoint = open();
  const auto weights = bert_weights(fake_spec(), *checkpoint);
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  EXPECT_EQ(weights->embedding_norm.weight.name, "bert.embeddings.LayerNorm.weight");
}

TEST_F(BertFolder, KnowsTheActivationsByTheirHuggingFaceNames) {
  change_config(R"("gelu")", R"("gelu_new")");
  EXPECT_EQ(spec().value().activation, Activation::kGeluTanh);
  change_config(R"("gelu")", R"("gelu_pytorch_tanh")");
  EXPECT_EQ(spec().value().activation, Activation::kGeluTanh);
  change_config(R"("gelu")", R"("relu")");
  EXPECT_EQ(spec().value().activation, Activation::kRelu);
  change_config(R"("gelu")", R"("silu")");
  EXPECT_THAT(refusal(), HasSubstr("hidden_act \"silu\" is none of gelu"));
}

TEST_F(BertFolder, RefusesAnEmbedderWithTheReason) {
  change_config("BertForSequenceClassification", "BertModel");
  EXPECT_THAT(refusal(), HasSubstr("embedding model (BertModel)"));
  change_config("BertForSequenceClassification", "BertForMaskedLM");
  EXPECT_THAT(refusal(), HasSubstr("\"BertForMaskedLM\" has no score head"));
}

TEST_F(BertFolder, RefusesAModelWithoutAScoreHead) {
  auto headless = fake_tensors(fake_spec(), 1);
  headless.resize(headless.size() - 2);
  tensors(headless);
  EXPECT_THAT(refusal(), HasSubstr("no score head: tensor \"classifier.weight\" is missing"));
}

TEST_F(BertFolder, RefusesSeveralLabels) {
  change_config(R"({"0":"LABEL_0"})", R"({"0":"no","1":"yes"})");
  EXPECT_THAT(refusal(), HasSubstr("config.json declares 2 labels"));
  auto three = fake_tensors(fake_spec(), 1);
  for (auto& tensor : three) {
    if (tensor.name == "classifier.weight") {
      tensor.shape = {3, 32};
      tensor.bytes.resize(std::size_t{3} * 32 * 4);
    }
  }
  tensors(three);
  EXPECT_THAT(refusal(), HasSubstr("the score head has 3 labels"));
}

TEST_F(BertFolder, RefusesWhatBertHereDoesNotCompute) {
  config(R"("position_embedding_type":"relative_key")");
  EXPECT_THAT(refusal(), HasSubstr("position_embedding_type \"relative_key\" is not absolute"));
  config(R"("is_decoder":true)");
  EXPECT_THAT(refusal(), HasSubstr("is_decoder"));
  config(R"("quantization_config":{"quant_method":"gptq"})");
  EXPECT_THAT(refusal(), HasSubstr("quantization_config"));
}

TEST_F(BertFolder, NamesTheTensorThatIsMissingOrHasAnotherShape) {
  auto wrong = fake_tensors(fake_spec(), 1);
  for (auto& tensor : wrong) {
    if (tensor.name == "bert.encoder.layer.1.intermediate.dense.weight") {
      tensor.shape = {32, 64};
    }
  }
  tensors(wrong);
  EXPECT_THAT(bert_weights(fake_spec(), *open()).status().message(),
              HasSubstr("tensor \"bert.encoder.layer.1.intermediate.dense.weight\": wants [64,32], "
                        "file has [32,64]"));
  for (std::size_t missing = 0; missing < wrong.size(); ++missing) {
    auto some = fake_tensors(fake_spec(), 1);
    const std::string name = some[missing].name;
    some.erase(some.begin() + static_cast<std::ptrdiff_t>(missing));
    tensors(some);
    EXPECT_THAT(bert_weights(fake_spec(), *open()).status().message(),
                HasSubstr("tensor \"" + name + "\": missing"));
  }
}

}  // namespace
}  // namespace rr::model
