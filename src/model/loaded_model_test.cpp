#include "model/loaded_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/temp_dir.h"
#include "model/fake_model.h"
#include "text/fake_tokenizer.h"

namespace rr::model {
namespace {

using testing::HasSubstr;

Result<std::unique_ptr<text::Tokenizer>> fake_loader(const std::filesystem::path& /*dir*/) {
  return std::unique_ptr<text::Tokenizer>(std::make_unique<text::FakeTokenizer>());
}

class ModelFolder : public testing::Test {
 protected:
  void SetUp() override { write_fake_model(dir_.path(), fake_spec()); }
  void put(std::string_view name, std::string_view content) {
    checkpoint::write_file(dir_.path() / name, content);
  }
  void put_config(std::string_view more) { put("config.json", fake_config(fake_spec(), more)); }
  Result<LoadedModel> load(const LoadOptions& options = {}) {
    return load_model(dir_.path(), options, fake_loader);
  }
  Status refusal(const LoadOptions& options = {}) {
    const auto model = load(options);
    EXPECT_FALSE(model.ok());
    EXPECT_EQ(model.status().message().find('\n'), std::string::npos);
    return model.status();
  }
  std::string digest(const LoadOptions& options = {}) {
    return load(options).value().content_digest.hex();
  }
  TempDir dir_;
};

// Every weight in the file rewritten in another dtype.
std::vector<checkpoint::FakeTensor> in_bfloat16() {
  auto tensors = fake_tensors(fake_spec(), 1);
  for (auto& tensor : tensors) {
    std::string half;
    for (std::size_t at = 0; at < tensor.bytes.size(); at += sizeof(float)) {
      float value = 0;
      std::memcpy(&value, tensor.bytes.data() + at, sizeof value);
      const BFloat16 rounded = to_bfloat16(value);
      half.append(reinterpret_cast<const char*>(&rounded), sizeof rounded);
    }
    tensor.dtype = "BF16";
    tensor.bytes = std::move(half);
  }
  return tensors;
}

TEST_F(ModelFolder, LoadsWithEverythingThatAServerNeeds) {
  const auto model = load();
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->spec.family, "bert");
  EXPECT_EQ(model->max_length, 128);  // the position table
  EXPECT_EQ(model->dtype, "float32");
  EXPECT_EQ(model->declared_activation, "sigmoid");
  EXPECT_EQ(model->calibration_json, "");
  EXPECT_EQ(model->tokenizer->vocab_size(), 266);
  EXPECT_EQ(model->weights.blocks.size(), 2U);
}

TEST_F(ModelFolder, LoadsSixteenBitWeights) {
  put("model.safetensors", checkpoint::safetensors_file(in_bfloat16()));
  EXPECT_EQ(load().value().dtype, "bfloat16");
  auto mixed = fake_tensors(fake_spec(), 1);
  mixed[0] = in_bfloat16()[0];
  put("model.safetensors", checkpoint::safetensors_file(mixed));
  EXPECT_EQ(load().value().dtype, "mixed");
}

TEST_F(ModelFolder, LoadsShards) {
  auto tensors = fake_tensors(fake_spec(), 1);
  const std::string whole = digest();
  std::filesystem::remove(dir_.path() / "model.safetensors");
  JsonText map;
  map.open_object().key("weight_map").open_object();
  std::vector<std::vector<checkpoint::FakeTensor>> shards(3);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    map.key(tensors[i].name).string("part" + std::to_string(i % 3));
    shards[i % 3].push_back(tensors[i]);
  }
  map.close_object().close_object();
  put("model.safetensors.index.json", map.text());
  for (std::size_t i = 0; i < shards.size(); ++i) {
    put("part" + std::to_string(i), checkpoint::safetensors_file(shards[i]));
  }
  EXPECT_EQ(digest(), whole);  // the identity is the weights, not how they were cut
}

TEST_F(ModelFolder, TheDigestChangesWithEverythingThatCanChangeAScore) {
  const std::string first = digest();
  EXPECT_EQ(digest(), first);
  LoadOptions shorter;
  shorter.max_length = 64;
  EXPECT_NE(digest(shorter), first);

  auto tensors = fake_tensors(fake_spec(), 1);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    auto changed = tensors;
    changed[i].bytes[0] = static_cast<char>(changed[i].bytes[0] ^ 1);
    put("model.safetensors", checkpoint::safetensors_file(changed));
    EXPECT_NE(digest(), first) << tensors[i].name;
  }
  put("model.safetensors", checkpoint::safetensors_file(tensors));
  ModelSpec spec = fake_spec();
  spec.layer_norm_eps = 1e-5F;
  put("config.json", fake_config(spec, ""));
  EXPECT_NE(digest(), first);
  spec = fake_spec();
  spec.num_attention_heads = 4;
  put("config.json", fake_config(spec, ""));
  EXPECT_NE(digest(), first);
  put("config.json", fake_config(fake_spec(), R"("transformers_version":"9.9")"));
  EXPECT_EQ(digest(), first);
}

TEST_F(ModelFolder, TheFingerprintAddsTheArithmetic) {
  const Digest128 content = load().value().content_digest;
  EXPECT_EQ(fingerprint(content, "avx2-fma.1"), fingerprint(content, "avx2-fma.1"));
  EXPECT_NE(fingerprint(content, "avx2-fma.1"), fingerprint(content, "avx2-fma.2"));
  EXPECT_NE(fingerprint(content, "avx2-fma.1"), fingerprint(Digest128{}, "avx2-fma.1"));
}

TEST_F(ModelFolder, HonoursTheSentenceTransformersFiles) {
  put("sentence_bert_config.json", R"({"max_seq_length":96,"do_lower_case":false})");
  EXPECT_EQ(load().value().max_length, 96);
  LoadOptions options;
  options.max_length = 120;
  EXPECT_EQ(load(options).value().max_length, 120);
  options.max_length = 4000;
  EXPECT_EQ(load(options).value().max_length, 128);
}

TEST_F(ModelFolder, ReadsTheDeclaredActivation) {
  put_config(R"("sbert_ce_default_activation_function":"torch.nn.modules.linear.Identity")");
  EXPECT_EQ(load().value().declared_activation, "identity");
  put_config(R"("sentence_transformers":{"activation_fn":"torch.nn.modules.activation.Sigmoid"})");
  EXPECT_EQ(load().value().declared_activation, "sigmoid");
  put_config(R"("sentence_transformers":{"activation_fn":"torch.nn.modules.activation.Tanh"})");
  EXPECT_EQ(refusal().code(), Code::kUnsupported);
  EXPECT_THAT(refusal().message(), HasSubstr("neither Sigmoid nor Identity"));
}

TEST_F(ModelFolder, CarriesTheCalibrationFile) {
  put("calibration.json", R"({"temperature":1.5})");
  EXPECT_EQ(load().value().calibration_json, R"({"temperature":1.5})");
  put("calibration.json", "{");
  EXPECT_THAT(refusal().message(), HasSubstr("[calibration.json] is no JSON"));
}

TEST_F(ModelFolder, RefusesUnknownFamilies) {
  put("config.json",
      R"({"model_type":"roberta","hidden_size":32,"num_attention_heads":2,"intermediate_size":64,)"
      R"("num_hidden_layers":2,"vocab_size":500,"max_position_embeddings":128})");
  EXPECT_EQ(refusal().code(), Code::kUnsupported);
  EXPECT_EQ(refusal().message(),
            "[config.json] model_type \"roberta\" is not supported; supported: bert");
}

TEST_F(ModelFolder, RefusesWeightsThatAreNotFinite) {
  auto tensors = fake_tensors(fake_spec(), 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(tensors[5].bytes.data() + 40, &nan, sizeof nan);
  put("model.safetensors", checkpoint::safetensors_file(tensors));
  EXPECT_EQ(refusal().message(),
            "[safetensors] tensor \"" + tensors[5].name + "\": weight 10 is NaN or infinite");
}

TEST_F(ModelFolder, RefusesATensorOfAnotherDtype) {
  auto tensors = fake_tensors(fake_spec(), 1);
  tensors[5].dtype = "I32";
  put("model.safetensors", checkpoint::safetensors_file(tensors));
  EXPECT_THAT(refusal().message(), HasSubstr("dtype I32 is none of F32, F16, BF16"));
}

TEST_F(ModelFolder, RefusesWhatDoesNotFitTheMemoryLimitNamingBothSizes) {
  LoadOptions options;
  options.memory_limit_bytes = 100'000;
  EXPECT_EQ(refusal(options).code(), Code::kTooLarge);
  EXPECT_THAT(refusal(options).message(),
              testing::MatchesRegex("\\[memory\\] the weights need 0.2 MB, the limit is 0.1 MB; "
                                    "bf16 would need 0.1 MB, int8 0.0 MB"));
  options.weight_format = WeightFormat::kInt8;
  EXPECT_TRUE(load(options).ok());
}

TEST_F(ModelFolder, RefusesATokenizerWithMoreTokensThanRows) {
  ModelSpec spec = fake_spec();
  spec.vocab_size = 200;
  write_fake_model(dir_.path(), spec);
  EXPECT_EQ(refusal().code(), Code::kCorrupt);
  EXPECT_THAT(refusal().message(),
              HasSubstr("has 266 tokens, the model's word embeddings only 200"));
}

TEST_F(ModelFolder, PassesOnWhatTheTokenizerLoaderSays) {
  const auto model = load_model(dir_.path(), {}, [](const std::filesystem::path&) {
    return Result<std::unique_ptr<text::Tokenizer>>(Status(Code::kNotFound, "no tokenizer"));
  });
  EXPECT_EQ(model.status().message(), "no tokenizer");
}

TEST_F(ModelFolder, LoadsTheFoldersOwnTokenizer) {
  EXPECT_EQ(load_model(dir_.path(), {}).status().code(), Code::kNotFound);
  put("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n");
  put("tokenizer_config.json",
      R"({"tokenizer_class":"BertTokenizer","do_lower_case":true,"model_max_length":100,)"
      R"("max_length":7})");
  const auto model = load_model(dir_.path(), {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->tokenizer->vocab_size(), 7);
  EXPECT_EQ(model->max_length, 100);  // model_max_length counts, max_length does not
}

TEST_F(ModelFolder, RefusesAHugeModelClaimedByATinyFile) {
  ModelSpec spec = fake_spec();
  spec.hidden_size = 1 << 20;
  spec.intermediate_size = 1 << 20;
  spec.vocab_size = 1 << 26;
  spec.num_hidden_layers = 1000;
  put("config.json", fake_config(spec, ""));
  EXPECT_THAT(refusal().message(), HasSubstr("wants [67108864,1048576], file has [500,32]"));
}

}  // namespace
}  // namespace rr::model
