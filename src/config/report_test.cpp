#include "config/report.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace rr::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Configuration with_secrets() {
  Sources sources;
  sources.environment = {{"RERANKER_API_KEY", "topsecret"},
                         {"HF_TOKEN", "topsecret"},
                         {"REDIS_URL", "redis://ada:topsecret@h:6379/0"}};
  return Configuration::gather(sources).value();
}

TEST(Report, SecretsAppearNowhere) {
  EXPECT_THAT(report_text(with_secrets()), Not(HasSubstr("topsecret")));
  EXPECT_THAT(report_json(with_secrets()), Not(HasSubstr("topsecret")));
  EXPECT_THAT(report_text(with_secrets()), HasSubstr("redis://ada:***@h:6379/0"));
}

TEST(Report, TextSaysValueOriginAndMeaning) {
  Sources sources;
  sources.flags = {{"--port", "8123"}};
  const std::string text = report_text(Configuration::gather(sources).value());
  EXPECT_THAT(text, HasSubstr("RERANKER_PORT=8123\n    from flag --port: port to listen on"));
  EXPECT_THAT(text, HasSubstr("RERANKER_MAX_QUEUE=512\n    from default: requests waiting"));
}

TEST(Report, TheQuickReferenceIsTheProgramsOwnTable) {
  std::ifstream file(RR_SOURCE_DIR "/docs/ENV_VARS_QUICK_REF.md");
  ASSERT_TRUE(file) << "docs/ENV_VARS_QUICK_REF.md is missing";
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), report_markdown())
      << "remake it: build/release/bin/rerankd config --markdown > docs/ENV_VARS_QUICK_REF.md";
}

}  // namespace
}  // namespace rr::config
