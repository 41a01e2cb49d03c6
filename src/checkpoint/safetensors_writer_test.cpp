#include "checkpoint/safetensors_writer.h"

#include <gtest/gtest.h>

#include "checkpoint/mapped_file.h"

namespace rr::checkpoint {
namespace {

std::filesystem::path fresh_dir(const std::string& name) {
  auto dir = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  return dir;
}

TEST(SafetensorsWriter, WhatIsWrittenIsReadBack) {
  const auto file = fresh_dir("safetensors_writer") / "model.safetensors";
  const std::vector<std::int8_t> bytes = {1, -2, 3};
  const std::vector<float> floats = {0.5F, -1.0F};
  const std::vector<TensorEntry> tensors = {
      {"a.weight", "I8", {3, 1}, std::as_bytes(std::span(bytes))},
      {"b", "F32", {2}, std::as_bytes(std::span(floats))}};
  ASSERT_TRUE(write_safetensors(file, tensors).ok());
  const auto mapped = MappedFile::open(file);
  ASSERT_TRUE(mapped.ok());
  const auto read = parse_safetensors("f", mapped->bytes(), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ(read->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*read)[i].name, tensors[i].name);
    EXPECT_EQ((*read)[i].dtype, tensors[i].dtype);
    EXPECT_EQ((*read)[i].shape, tensors[i].shape);
    EXPECT_TRUE(std::equal((*read)[i].data.begin(),
                           (*read)[i].data.end(),
                           tensors[i].data.begin(),
                           tensors[i].data.end()));
  }
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".part"));
}

TEST(SafetensorsWriter, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(write_safetensors("/nowhere/at/all/m.safetensors", {}).code(), Code::kInternal);
}

}  // namespace
}  // namespace rr::checkpoint
