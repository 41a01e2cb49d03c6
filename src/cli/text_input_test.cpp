#include "cli/text_input.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/temp_dir.h"

namespace rr::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<std::vector<std::string>> documents_of(const std::string& text) {
  const TempDir dir;
  const std::string file = (dir.path() / "in").string();
  std::ofstream(file, std::ios::binary) << text;
  auto reader = LineReader::open(file);
  EXPECT_TRUE(reader.ok());
  return read_documents(*reader);
}

TEST(TextInput, PlainTextIsADocumentALineBlankOnesToo) {
  EXPECT_THAT(*documents_of("a\n\nb\r\nc"), ElementsAre("a", "", "b", "c"));
  EXPECT_THAT(*documents_of("{not json\n\"b\"\n"), ElementsAre("{not json", "\"b\""));
  EXPECT_THAT(*documents_of("[1]\n"), ElementsAre("[1]"));
  EXPECT_TRUE(documents_of("")->empty());
}

TEST(TextInput, JsonLinesAreStringsOrObjectsWithText) {
  EXPECT_THAT(*documents_of("\n\"a\\n1\"\n\n{\"text\":\"b\",\"id\":7}\n\"\"\n"),
              ElementsAre("a\n1", "b", ""));
}

TEST(TextInput, ABadJsonLineIsNamed) {
  EXPECT_THAT(documents_of("\"a\"\nplain\n").status().message(), HasSubstr("in:2: bad JSON"));
  EXPECT_THAT(documents_of("\"a\"\n{\"x\":1}\n").status().message(), HasSubstr("in:2: a document"));
  EXPECT_THAT(documents_of("\"a\"\n{\"text\":1}\n").status().message(),
              HasSubstr("in:2: \"text\" must be a string"));
  EXPECT_THAT(documents_of("\"a\"\n[1]\n").status().message(), HasSubstr("in:2: must be"));
  EXPECT_THAT(documents_of("a\nb\xFF\n").status().message(), HasSubstr("in:2: invalid UTF-8"));
}

TEST(TextInput, PairsAndTextsAreReadWithBlankStrings) {
  const auto pair = parse_query_document(R"({"query":"","document":" ","x":1})", "in:1");
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->query, "");
  EXPECT_EQ(pair->document, " ");
  EXPECT_EQ(parse_tokenize_input(R"({"text":"t"})", "in:1")->text, "t");
  for (const char* line : {"",
                           "[]",
                           "{}",
                           R"({"query":"q"})",
                           R"({"document":"d"})",
                           "{\"query\":",
                           R"({"query":1,"document":"d"})",
                           R"({"query":"\ud800","document":"d"})"}) {
    EXPECT_FALSE(parse_query_document(line, "in:1").ok()) << line;
  }
  EXPECT_FALSE(parse_query_document(R"({"text":"t"})", "in:1").ok());
}

TEST(TextInput, AMissingFileIsNamed) {
  EXPECT_THAT(LineReader::open("/nowhere/x").status().message(), HasSubstr("/nowhere/x"));
}

}  // namespace
}  // namespace rr::cli
