#include "config/env_file.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/temp_dir.h"

namespace rr::config {
namespace {

using ::testing::HasSubstr;

TEST(EnvFile, ReadsKeysCommentsQuotesAndExport) {
  const auto lines = parse_env_text(
      "# a comment\n\nPORT=8001\r\nexport HOST = \"127.0.0.1\"\nRERANKER_API_KEY='a=b # "
      "c'\nHF_HOME=",
      "x.env");
  ASSERT_TRUE(lines.ok()) << lines.status().message();
  ASSERT_EQ(lines->size(), 4U);
  EXPECT_EQ((*lines)[0].line, 3);
  EXPECT_EQ((*lines)[0].value, "8001");
  EXPECT_EQ((*lines)[1].key, "HOST");
  EXPECT_EQ((*lines)[1].value, "127.0.0.1");
  EXPECT_EQ((*lines)[2].value, "a=b # c");
  EXPECT_EQ((*lines)[3].value, "");
}

TEST(EnvFile, ALineThatIsNoAssignmentIsNamed) {
  for (const char* text : {"PORT=1\nwhat is this\n", "PORT=1\n=3\n", "PORT=1\nA B=3\n"}) {
    const auto lines = parse_env_text(text, "x.env");
    ASSERT_FALSE(lines.ok());
    EXPECT_EQ(lines.status().code(), Code::kCorrupt);
    EXPECT_THAT(lines.status().message(), HasSubstr("x.env:2:"));
  }
}

TEST(EnvFile, AMissingFileAndAFolderAndAHugeFileAreErrors) {
  const TempDir dir;
  EXPECT_EQ(read_env_file(dir.path() / "none.env").status().code(), Code::kNotFound);
  EXPECT_EQ(read_env_file(dir.path()).status().code(), Code::kNotFound);
  std::ofstream(dir.path() / "big.env") << std::string(2 << 20, '#');
  EXPECT_EQ(read_env_file(dir.path() / "big.env").status().code(), Code::kTooLarge);
  std::ofstream(dir.path() / "good.env") << "PORT=1\n";
  EXPECT_EQ(read_env_file(dir.path() / "good.env")->size(), 1U);
}

}  // namespace
}  // namespace rr::config
