#include "checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/temp_dir.h"
#include "checkpoint/fake_checkpoint.h"

namespace rr::checkpoint {
namespace {

using testing::HasSubstr;

constexpr std::string_view kConfig =
    R"({"model_type":"bert","hidden_size":4,"num_attention_heads":2,"intermediate_size":8,)"
    R"("num_hidden_layers":1,"vocab_size":10,"max_position_embeddings":16})";

FakeTensor tensor(std::string name) {
  return {std::move(name), "F32", {2}, "01234567"};
}

class CheckpointFolder : public testing::Test {
 protected:
  void SetUp() override { put("config.json", kConfig); }
  void put(std::string_view name, std::string_view content) {
    write_file(dir_.path() / name, content);
  }
  std::string complaint() {
    const auto checkpoint = Checkpoint::open(dir_.path());
    EXPECT_FALSE(checkpoint.ok());
    EXPECT_EQ(checkpoint.status().message().find('\n'), std::string::npos);
    return checkpoint.status().message();
  }
  TempDir dir_;
};

TEST_F(CheckpointFolder, HandsOutTensorsByName) {
  put("model.safetensors",
      safetensors_file({tensor("a"), {"ids", "I64", {1}, "01234567"}, {"h", "BF16", {1}, "01"}}));
  const auto checkpoint = Checkpoint::open(dir_.path()).value();
  EXPECT_EQ(checkpoint->config().hidden_size, 4);
  const TensorView view = checkpoint->tensor("a", {2}).value();
  EXPECT_EQ(view.name, "a");
  EXPECT_EQ(view.dtype, DType::kF32);
  EXPECT_EQ(std::memcmp(view.data, "01234567", 8), 0);
  EXPECT_EQ(checkpoint->tensor("h", {1}).value().dtype, DType::kBF16);
  EXPECT_EQ(checkpoint->find("b"), nullptr);
}

TEST_F(CheckpointFolder, SaysWhatIsWrongWithATensor) {
  put("model.safetensors",
      safetensors_file({tensor("a"), {"ids", "I64", {1}, "01234567"}, {"q", "I8", {1}, "0"}}));
  const auto checkpoint = Checkpoint::open(dir_.path()).value();
  EXPECT_EQ(checkpoint->tensor("a", {1, 2}).status().message(),
            "[safetensors] tensor \"a\": wants [1,2], file has [2]; does config.json belong to "
            "these weights?");
  EXPECT_THAT(checkpoint->tensor("b", {2}).status().message(), HasSubstr("tensor \"b\": missing"));
  EXPECT_THAT(checkpoint->tensor("ids", {1}).status().message(),
              HasSubstr("dtype I64 is none of F32, F16, BF16"));
  EXPECT_EQ(checkpoint->tensor("q", {1}).status().code(), Code::kUnsupported);
}

TEST_F(CheckpointFolder, ReadsShards) {
  put("model-00001-of-00002.safetensors", safetensors_file({tensor("a")}));
  put("model-00002-of-00002.safetensors", safetensors_file({tensor("b")}));
  put("model.safetensors.index.json",
      R"({"metadata":{"total_size":16},"weight_map":{"a":"model-00001-of-00002.safetensors",)"
      R"("b":"model-00002-of-00002.safetensors"}})");
  const auto checkpoint = Checkpoint::open(dir_.path()).value();
  EXPECT_TRUE(checkpoint->tensor("a", {2}).ok());
  EXPECT_TRUE(checkpoint->tensor("b", {2}).ok());
}

TEST_F(CheckpointFolder, RefusesBadShardIndexes) {
  const auto index = [&](std::string_view map) {
    put("model.safetensors.index.json", "{\"weight_map\":" + std::string(map) + "}");
    return complaint();
  };
  put("one.safetensors", safetensors_file({tensor("a")}));
  put("two.safetensors", safetensors_file({tensor("a")}));
  EXPECT_THAT(index(R"({"a":"gone.safetensors"})"), HasSubstr("gone.safetensors"));
  EXPECT_THAT(index(R"({"a":"../one.safetensors"})"), HasSubstr("is no file name"));
  EXPECT_THAT(index(R"({"a":".."})"), HasSubstr("is no file name"));
  EXPECT_THAT(index(R"({"a":"/dev/zero"})"), HasSubstr("is no file name"));
  EXPECT_THAT(index(R"({"a":"x\u0000y"})"), HasSubstr("is no file name"));
  EXPECT_THAT(index("{}"), HasSubstr("names 0 files"));
  EXPECT_THAT(index(R"({"a":1})"), HasSubstr("an object of strings"));
  EXPECT_THAT(index(R"({"a":"one.safetensors","b":"two.safetensors"})"),
              HasSubstr(R"(tensor "a": in two files)"));
  put("model.safetensors.index.json", "{");
  EXPECT_THAT(complaint(), HasSubstr("is no JSON"));
}

TEST_F(CheckpointFolder, SaysWhichFileIsMissing) {
  EXPECT_THAT(complaint(), HasSubstr("has neither model.safetensors nor"));
  put("pytorch_model.bin", "");
  EXPECT_THAT(complaint(), HasSubstr("save_pretrained"));
  put("model.safetensors", safetensors_file({tensor("a")}));
  std::filesystem::remove(dir_.path() / "config.json");
  EXPECT_THAT(complaint(), HasSubstr("config.json"));
  const auto absent = Checkpoint::open(dir_.path() / "absent");
  EXPECT_EQ(absent.status().code(), Code::kNotFound);
  EXPECT_THAT(absent.status().message(), HasSubstr("no folder"));
}

TEST_F(CheckpointFolder, RefusesADamagedFile) {
  put("model.safetensors", "short");
  EXPECT_THAT(complaint(), HasSubstr("not even a header length"));
  std::filesystem::remove(dir_.path() / "model.safetensors");
  std::filesystem::create_directory(dir_.path() / "model.safetensors");
  EXPECT_THAT(complaint(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace rr::checkpoint
