#include "cache/resp_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rr::cache {
namespace {

Result<std::optional<RespValue>> read_all(std::string_view bytes) {
  RespReader reader{RespLimits{}};
  reader.feed(bytes);
  return reader.next();
}

TEST(RespReader, ReadsEveryKindOfReply) {
  const std::string bytes("*6\r\n+OK\r\n-ERR no\r\n:-42\r\n$3\r\na\0b\r\n$-1\r\n*1\r\n$0\r\n\r\n",
                          48);
  const auto whole = read_all(bytes);
  ASSERT_TRUE(whole.ok());
  ASSERT_TRUE(whole.value().has_value());
  const RespValue& array = *whole.value();
  ASSERT_EQ(array.elements.size(), 6U);
  EXPECT_EQ(array.elements[0].type, RespValue::Type::kStatus);
  EXPECT_EQ(array.elements[1].text, "ERR no");
  EXPECT_TRUE(array.elements[1].is_error());
  EXPECT_EQ(array.elements[2].integer, -42);
  EXPECT_EQ(array.elements[3].text, std::string("a\0b", 3));
  EXPECT_EQ(array.elements[4].type, RespValue::Type::kNil);
  EXPECT_EQ(array.elements[5].elements.at(0).type, RespValue::Type::kBulk);
}

TEST(RespReader, RepliesArriveInPiecesOfAnySize) {
  const std::string bytes = "*2\r\n$5\r\nhello\r\n:7\r\n+PONG\r\n";
  RespReader reader{RespLimits{}};
  int replies = 0;
  for (const char byte : bytes) {
    reader.feed(std::string_view(&byte, 1));
    const auto reply = reader.next();
    ASSERT_TRUE(reply.ok());
    replies += reply.value().has_value() ? 1 : 0;
  }
  EXPECT_EQ(replies, 2);
}

TEST(RespReader, SeveralRepliesInOnePieceComeOneByOne) {
  RespReader reader{RespLimits{}};
  reader.feed(":1\r\n:2\r\n");
  EXPECT_EQ(reader.next().value()->integer, 1);
  EXPECT_EQ(reader.next().value()->integer, 2);
  EXPECT_FALSE(reader.next().value().has_value());
}

TEST(RespReader, WhatIsNoRespIsAnErrorForEver) {
  RespReader reader{RespLimits{}};
  reader.feed("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(reader.next().status().code(), Code::kCorrupt);
  reader.feed("+OK\r\n");
  EXPECT_EQ(reader.next().status().code(), Code::kCorrupt);
}

TEST(RespReader, ALongBulkIsRefusedWithoutBeingStored) {
  RespReader reader{RespLimits{}};
  reader.feed("$1073741824\r\n");
  const std::string piece(64 << 10, 'x');
  Status status;
  int pieces = 0;
  for (; pieces < 64 && status.ok(); ++pieces) {
    reader.feed(piece);
    status = reader.next().status();
  }
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_LE(pieces, 17);  // 1 MiB and what is needed to see that it goes on
}

TEST(RespReader, ABulkAtTheLimitPassesAndOneByteMoreDoesNot) {
  const RespLimits limits{.bulk_bytes = 8, .reply_bytes = 100, .elements = 4, .depth = 3};
  RespReader at_limit(limits);
  at_limit.feed("$8\r\n12345678\r\n");
  EXPECT_TRUE(at_limit.next().ok());
  RespReader over(limits);
  over.feed("$9\r\n123456789\r\n");
  EXPECT_FALSE(over.next().ok());
}

TEST(RespReader, AnEndlessLineIsRefused) {
  RespReader reader{RespLimits{}};
  reader.feed("+" + std::string((1 << 20) + 100, 'a'));
  EXPECT_FALSE(reader.next().ok());
}

TEST(RespReader, TooManyElementsAreRefusedAtTheirHeader) {
  EXPECT_TRUE(read_all("*19999\r\n").ok());
  EXPECT_FALSE(read_all("*20001\r\n").ok());
  EXPECT_FALSE(read_all("*2147483647\r\n").ok());
}

TEST(RespReader, ElementsAreCountedOverAllNestedArrays) {
  std::string bytes = "*3\r\n";
  for (int i = 0; i < 3; ++i) {
    bytes += "*9000\r\n";
    for (int k = 0; k < 9000; ++k) {
      bytes += ":1\r\n";
    }
  }
  EXPECT_FALSE(read_all(bytes).ok());
}

TEST(RespReader, DepthThreeIsTheLimit) {
  EXPECT_TRUE(read_all("*1\r\n*1\r\n*1\r\n:1\r\n").value().has_value());
  EXPECT_FALSE(read_all("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n").ok());
}

TEST(RespReader, TheTextOfOneReplyIsLimitedInAll) {
  const std::string bulk = fmt::format("${}\r\n{}\r\n", 900 << 10, std::string(900 << 10, 'x'));
  EXPECT_FALSE(read_all("*5\r\n" + bulk + bulk + bulk + bulk + bulk).ok());
  EXPECT_TRUE(read_all("*2\r\n" + bulk + bulk).value().has_value());
}

TEST(RespReader, NegativeLengthsAndResp3AreRefused) {
  EXPECT_FALSE(read_all("$-2\r\n").ok());
  EXPECT_FALSE(read_all("*-5\r\n").ok());
  EXPECT_FALSE(read_all("%1\r\n+a\r\n+b\r\n").ok());
  EXPECT_FALSE(read_all("$5x\r\nhello\r\n").ok());
}

}  // namespace
}  // namespace rr::cache
