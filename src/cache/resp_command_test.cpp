#include "cache/resp_command.h"

#include <gtest/gtest.h>

#include <array>

#include "cache/resp_reader.h"

namespace rr::cache {
namespace {

TEST(RespCommand, IsAnArrayOfBulkStrings) {
  std::string out;
  append_command(out, std::array<std::string_view, 2>{"GET", "key"});
  EXPECT_EQ(out, "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
}

TEST(RespCommand, BytesOfAnyValuePassUnchanged) {
  const std::string binary("\0\r\n$\xff", 5);
  std::string out;
  append_command(out, std::array<std::string_view, 2>{binary, ""});
  RespReader reader{RespLimits{}};
  reader.feed(out);
  const auto reply = reader.next();
  ASSERT_TRUE(reply.ok());
  ASSERT_TRUE(reply.value().has_value());
  EXPECT_EQ(reply.value()->elements.at(0).text, binary);
  EXPECT_EQ(reply.value()->elements.at(1).text, "");
}

}  // namespace
}  // namespace rr::cache
