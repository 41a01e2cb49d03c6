#include "cache/redis_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace rr::cache {
namespace {

const SharingIdentity kIdentity{.key_prefix = "rerankd",
                                .fingerprint = "f00d",
                                .owner = "00112233aabbccdd",
                                .lease = std::chrono::milliseconds(2000)};

QueryKey query_key() {
  return {digest128("query")};
}

RespValue bulk(std::string text) {
  return {.type = RespValue::Type::kBulk, .text = std::move(text), .integer = 0, .elements = {}};
}

RespValue array(std::vector<RespValue> elements) {
  return {
      .type = RespValue::Type::kArray, .text = {}, .integer = 0, .elements = std::move(elements)};
}

TEST(RedisCodec, AScoreIsFiveLittleEndianBytesAndComesBackInEveryBit) {
  const std::string bytes = encode_score({1.0F, true});
  EXPECT_EQ(bytes, std::string("\x00\x00\x80\x3f\x01", 5));
  for (const float logit : {0.0F, -0.0F, 1e-42F, -11.375F, std::numeric_limits<float>::max()}) {
    const auto score = decode_score(encode_score({logit, false}));
    ASSERT_TRUE(score.has_value());
    EXPECT_EQ(std::bit_cast<std::uint32_t>(score->logit), std::bit_cast<std::uint32_t>(logit));
    EXPECT_FALSE(score->truncated);
  }
}

TEST(RedisCodec, WhatIsNoScoreIsNeverReadAsOne) {
  EXPECT_FALSE(decode_score(""));
  EXPECT_FALSE(decode_score("1234"));
  EXPECT_FALSE(decode_score("123456"));
  EXPECT_FALSE(decode_score(encode_score({std::numeric_limits<float>::quiet_NaN(), false})));
  EXPECT_FALSE(decode_score(encode_score({std::numeric_limits<float>::infinity(), false})));
  EXPECT_FALSE(decode_score(std::string("\0\0\0\0\x02", 5)));  // a flag of a later version
}

TEST(RedisCodec, KeysOfOneQueryShareAClusterSlotAndCarryPrefixAndVersion) {
  const auto arguments =
      lookup_arguments(kIdentity, query_key(), std::vector{digest128("d")}, 7, Hears::kYes);
  ASSERT_EQ(arguments.size(), 7U);
  EXPECT_EQ(arguments[0], "rerankd:1:{" + query_key().digest.hex() + "}");
  EXPECT_EQ(arguments[1], arguments[0] + ":l");
  EXPECT_EQ(arguments[2], "00112233aabbccdd");
  EXPECT_EQ(arguments[3], "7");
  EXPECT_EQ(arguments[4], "2000");
  EXPECT_EQ(arguments[5], "1");
  EXPECT_EQ(arguments[6].size(), 16U);
}

TEST(RedisCodec, AServerThatHearsNothingLeavesNoChannel) {
  const auto arguments =
      lookup_arguments(kIdentity, query_key(), std::vector{digest128("d")}, 7, Hears::kNo);
  EXPECT_EQ(arguments[5], "");
}

TEST(RedisCodec, ALookupAnswerIsReadEntryByEntry) {
  const std::string wait("W\xe8\x03\x00\x00", 5);
  const auto reply = decode_lookup(
      array({bulk("S" + encode_score({2.5F, true}) + "CT" + wait + "N"), RespValue{}}), 5);
  ASSERT_TRUE(reply.ok());
  const auto& entries = reply->entries;
  EXPECT_EQ(entries[0].kind, LookupEntry::Kind::kScore);
  EXPECT_EQ(entries[0].score, (CachedScore{2.5F, true}));
  EXPECT_EQ(entries[1].kind, LookupEntry::Kind::kClaimed);
  EXPECT_EQ(entries[2].kind, LookupEntry::Kind::kTakenOver);
  EXPECT_EQ(entries[3].kind, LookupEntry::Kind::kElsewhere);
  EXPECT_EQ(entries[3].lease_left, std::chrono::milliseconds(1000));
  EXPECT_EQ(entries[4].kind, LookupEntry::Kind::kRefused);
  EXPECT_TRUE(reply->refusal.empty());
}

TEST(RedisCodec, ARefusalComesBesideWhatWasRead) {
  const auto reply = decode_lookup(array({bulk("NN"), bulk("OOM command not allowed")}), 2);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->refusal, "OOM command not allowed");
}

TEST(RedisCodec, AnswersOfAnotherShapeAreCorrupt) {
  const RespValue integer{
      .type = RespValue::Type::kInteger, .text = {}, .integer = 3, .elements = {}};
  for (const RespValue& reply : {bulk("CC"),
                                 array({}),
                                 array({bulk("C")}),             // one entry short
                                 array({bulk("CCC")}),           // one too many
                                 array({bulk("CX")}),            // unknown
                                 array({bulk("CS1234")}),        // cut
                                 array({bulk("CW12")}),          // cut
                                 array({integer, RespValue{}}),  // another script's
                                 array({bulk("CC"), RespValue{}, RespValue{}})}) {
    EXPECT_EQ(decode_lookup(reply, 2).status().code(), Code::kCorrupt);
  }
  EXPECT_EQ(decode_number(array({bulk("1")})).status().code(), Code::kCorrupt);
  EXPECT_EQ(decode_renew(array({bulk("Y")}), 2).status().code(), Code::kCorrupt);
  EXPECT_EQ(decode_renew(array({bulk("YZ")}), 2).status().code(), Code::kCorrupt);
}

TEST(RedisCodec, AnErrorOfRedisIsUnavailableWithItsText) {
  const RespValue error{
      .type = RespValue::Type::kError, .text = "LOADING", .integer = 0, .elements = {}};
  EXPECT_EQ(decode_lookup(error, 1).status().code(), Code::kUnavailable);
  EXPECT_NE(decode_lookup(error, 1).status().message().find("LOADING"), std::string::npos);
}

TEST(RedisCodec, AScoreInAnAnswerThatIsNotFiniteMustBeComputed) {
  const auto nan = encode_score({std::numeric_limits<float>::quiet_NaN(), false});
  const auto reply = decode_lookup(array({bulk("S" + nan)}), 1);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->entries[0].kind, LookupEntry::Kind::kRefused);
}

std::string raw(const Digest128& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), 16};
}

TEST(RedisCodec, ANotificationCarriesScoresAndFreedDocuments) {
  const auto message =
      decode_notification(raw(digest128("query")) + raw(digest128("a")) + "S" +
                          encode_score({-1.5F, false}) + raw(digest128("b")) + "F");
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->query, query_key());
  ASSERT_EQ(message->entries.size(), 2U);
  EXPECT_EQ(message->entries[0].score, (CachedScore{-1.5F, false}));
  EXPECT_EQ(message->entries[1].document, digest128("b"));
  EXPECT_FALSE(message->entries[1].score.has_value());
}

TEST(RedisCodec, ANotificationCutAnywhereIsNone) {
  const std::string whole = raw(digest128("query")) + raw(digest128("a")) + "S" +
                            encode_score({-1.5F, false}) + raw(digest128("b")) + "F";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (length == 16 || length == 38) {
      continue;  // ends between entries
    }
    EXPECT_FALSE(decode_notification(std::string_view(whole).substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_notification(whole + raw(digest128("c")) + "?"));
}

}  // namespace
}  // namespace rr::cache
