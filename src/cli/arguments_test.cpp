#include "cli/arguments.h"

#include <gmock/gmock.h>

namespace rr::cli {
namespace {

using ::testing::ElementsAre;

TEST(Arguments, ABooleanFlagTakesTheWordAfterIt) {
  EXPECT_THAT(join_boolean_values({"serve", "--redis-enabled", "false", "--port", "1"}),
              ElementsAre("serve", "--redis-enabled=false", "--port", "1"));
  EXPECT_THAT(join_boolean_values({"serve", "--warmup-on-start", "NO"}),
              ElementsAre("serve", "--warmup-on-start=NO"));
}

TEST(Arguments, ABooleanFlagMayStandAlone) {
  EXPECT_THAT(join_boolean_values({"serve", "--pin-threads", "--port", "1"}),
              ElementsAre("serve", "--pin-threads", "--port", "1"));
  EXPECT_THAT(join_boolean_values({"rank", "--pin-threads", "documents.txt"}),
              ElementsAre("rank", "--pin-threads", "documents.txt"));
  EXPECT_THAT(join_boolean_values({"serve", "--pin-threads"}),
              ElementsAre("serve", "--pin-threads"));
}

TEST(Arguments, OtherFlagsAndWhatFollowsTwoDashesAreLeftAlone) {
  EXPECT_THAT(join_boolean_values({"rank", "--query", "true"}),
              ElementsAre("rank", "--query", "true"));
  EXPECT_THAT(join_boolean_values({"rank", "--", "--pin-threads", "true"}),
              ElementsAre("rank", "--", "--pin-threads", "true"));
}

}  // namespace
}  // namespace rr::cli
