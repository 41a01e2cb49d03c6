#include "base/log.h"

#include <gtest/gtest.h>

namespace rr::log {
namespace {

TEST(Log, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(
      format_line(Format::kText, Level::kInfo, "listening", {{"host", "0.0.0.0"}, {"port", 8000}}),
      "info  listening host=0.0.0.0 port=8000");
  EXPECT_EQ(format_line(Format::kText, Level::kWarn, "odd", {{"name", "a b"}, {"empty", ""}}),
            "warn  odd name=\"a b\" empty=\"\"");
}

TEST(Log, JsonKeepsNumbersBareAndEscapesText) {
  EXPECT_EQ(
      format_line(Format::kJson, Level::kError, "x\n", {{"ok", false}, {"s", 0.5}, {"t", "\""}}),
      R"("level":"error","message":"x\n","ok":false,"s":0.5,"t":"\"")");
}

TEST(Log, LevelDecidesWhatIsWritten) {
  set_up(Level::kWarn, Format::kText);
  EXPECT_FALSE(enabled(Level::kInfo));
  EXPECT_TRUE(enabled(Level::kError));
  set_up(Level::kInfo, Format::kText);
}

}  // namespace
}  // namespace rr::log
