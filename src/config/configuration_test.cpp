#include "config/configuration.h"

#include <gmock/gmock.h>

#include <set>

namespace rr::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Configuration gathered(const Sources& sources) {
  auto result = Configuration::gather(sources);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return std::move(result).value();
}

TEST(OptionTable, NamesAliasesAndFlagsAreUnique) {
  std::set<std::string> variables;
  std::set<std::string> flags;
  for (const OptionSpec& spec : option_table()) {
    EXPECT_TRUE(variables.insert(std::string(spec.name)).second) << spec.name;
    for (const auto alias : spec.aliases) {
      EXPECT_TRUE(variables.insert(std::string(alias)).second) << alias;
    }
    for (const std::string& flag : flags_of(spec)) {
      EXPECT_TRUE(flags.insert(flag).second) << flag;
    }
    EXPECT_FALSE(spec.meaning.empty()) << spec.name;
  }
}

TEST(OptionTable, FlagsDropThePrefix) {
  EXPECT_THAT(flags_of(*find_option("RERANKER_MAX_LENGTH")), ElementsAre("--max-length"));
  EXPECT_THAT(flags_of(*find_option("QUANTIZATION")), ElementsAre("--quantization", "--dtype"));
  EXPECT_THAT(flags_of(*find_option("PORT")), ElementsAre("--port"));
  EXPECT_THAT(flags_of(*find_option("REDIS_URL")), ElementsAre("--redis-url"));
}

TEST(Configuration, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  Sources sources;
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").text, "8000");
  sources.file_name = "prod.env";
  sources.file = {{3, "RERANKER_PORT", "1"}};
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").text, "1");
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").set_by, "prod.env:3");
  sources.environment = {{"PORT", "2"}};
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").text, "2");
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").origin, Origin::kEnvironment);
  sources.flags = {{"--port", "3"}, {"--port", "4"}};
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").text, "4");
}

TEST(Configuration, TheFirstNameWinsOverItsAliases) {
  Sources sources;
  sources.environment = {{"HOST", "1.1.1.1"}, {"RERANKER_HOST", "2.2.2.2"}};
  EXPECT_EQ(gathered(sources).value("RERANKER_HOST").text, "2.2.2.2");
}

TEST(Configuration, AnEmptyVariableCountsAsNotSet) {
  Sources sources;
  sources.environment = {{"RERANKER_PORT", ""}, {"PORT", "9"}};
  EXPECT_EQ(gathered(sources).value("RERANKER_PORT").text, "9");
}

TEST(Configuration, KubernetesServiceLinksArePassedOverInSilence) {
  Sources sources;
  sources.environment = {{"RERANKER_PORT", "tcp://10.0.0.7:8000"},
                         {"RERANKER_SERVICE_HOST", "10.0.0.7"},
                         {"RERANKER_SERVICE_PORT", "8000"},
                         {"RERANKER_PORT_8000_TCP_ADDR", "10.0.0.7"},
                         {"REDIS_PORT", "tcp://10.0.0.8:6379"},
                         {"REDIS_PORT_6379_TCP", "tcp://10.0.0.8:6379"}};
  const Configuration configuration = gathered(sources);
  EXPECT_EQ(configuration.value("RERANKER_PORT").text, "8000");
  EXPECT_THAT(configuration.warnings(), IsEmpty());
}

TEST(Configuration, UnknownVariablesOfOurPrefixesAreWarnings) {
  Sources sources;
  sources.environment = {
      {"RERANKER_PROT", "1"}, {"REDIS_PORT", "6379"}, {"MICRO_BATCH_SIZE", "3"}, {"PATH", "/bin"}};
  EXPECT_THAT(
      gathered(sources).warnings(),
      ElementsAre(
          HasSubstr("MICRO_BATCH_SIZE"), HasSubstr("REDIS_PORT"), HasSubstr("RERANKER_PROT")));
}

TEST(Configuration, AnUnknownKeyOfTheFileIsAWarningWithItsLine) {
  Sources sources;
  sources.file_name = "a.env";
  sources.file = {{7, "RERANKER_PROT", "1"}};
  EXPECT_THAT(gathered(sources).warnings(), ElementsAre(HasSubstr("a.env:7")));
}

TEST(Configuration, ABadValueNamesTheNameTheUserTypedTheValueAndWhatIsAllowed) {
  Sources sources;
  sources.environment = {{"PORT", "70000"}};
  const auto result = Configuration::gather(sources);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(),
            "PORT: \"70000\" cannot be used; allowed: a whole number from 0 to 65535");
  sources.flags = {{"--threads", "-1"}};
  sources.environment.clear();
  EXPECT_THAT(Configuration::gather(sources).status().message(), HasSubstr("--threads: \"-1\""));
  sources.flags.clear();
  sources.file_name = "a.env";
  sources.file = {{2, "LOG_LEVEL", "loud"}};
  EXPECT_THAT(Configuration::gather(sources).status().message(), HasSubstr("a.env:2 LOG_LEVEL"));
}

}  // namespace
}  // namespace rr::config
