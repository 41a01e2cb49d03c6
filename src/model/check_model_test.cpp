#include "model/check_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "model/fake_model.h"
#include "text/fake_tokenizer.h"

namespace rr::model {
namespace {

Result<std::unique_ptr<text::Tokenizer>> fake_loader(const std::filesystem::path& /*dir*/) {
  return std::unique_ptr<text::Tokenizer>(std::make_unique<text::FakeTokenizer>());
}

TEST(CheckModel, DescribesAModelThatCanBeServed) {
  const TempDir dir;
  write_fake_model(dir.path(), fake_spec());
  const auto report = check_model(dir.path(), {}, fake_loader);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->spec.hidden_size, 32);
  EXPECT_EQ(report->dtype, "float32");
  EXPECT_EQ(report->tokenizer_kind, "WordPiece (vocab.txt)");
  EXPECT_EQ(report->tokenizer_vocab_size, 266);
  EXPECT_EQ(report->max_length, 128);
  EXPECT_EQ(report->declared_activation, "sigmoid");
  EXPECT_EQ(report->parameters, parameter_count(fake_spec()));
  EXPECT_EQ(report->float32_bytes, 4 * report->parameters);
  EXPECT_LT(report->int8_bytes, report->bfloat16_bytes);
  EXPECT_LT(report->bfloat16_bytes, report->float32_bytes);
  EXPECT_EQ(report->content_digest.size(), 32U);
}

TEST(CheckModel, NamesTheTokenizerAsItsFileDoes) {
  const TempDir dir;
  write_fake_model(dir.path(), fake_spec());
  checkpoint::write_file(dir.path() / "tokenizer.json", R"({"model":{"type":"Unigram"}})");
  EXPECT_EQ(check_model(dir.path(), {}, fake_loader).value().tokenizer_kind, "Unigram");
}

TEST(CheckModel, GivesTheReasonWhyAModelCannotBeServed) {
  const TempDir dir;
  EXPECT_THAT(check_model(dir.path(), {}, fake_loader).status().message(),
              testing::HasSubstr("has neither model.safetensors nor"));
}

}  // namespace
}  // namespace rr::model
