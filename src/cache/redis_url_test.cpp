#include "cache/redis_url.h"

#include <gtest/gtest.h>

namespace rr::cache {
namespace {

using Transport = RedisEndpoint::Transport;

TEST(RedisUrl, TheDefaultOfTheDocumentationIsRead) {
  const auto endpoint = parse_redis_url("redis://localhost:6379/0");
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->transport, Transport::kTcp);
  EXPECT_EQ(endpoint->host, "localhost");
  EXPECT_EQ(endpoint->port, 6379);
  EXPECT_EQ(endpoint->database, 0);
  EXPECT_TRUE(endpoint->password.empty());
}

TEST(RedisUrl, UserPasswordAndDatabaseAreRead) {
  const auto endpoint = parse_redis_url("rediss://app:p%40ss%3a%2F@cache.internal:6380/12");
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->transport, Transport::kTls);
  EXPECT_EQ(endpoint->user, "app");
  EXPECT_EQ(endpoint->password, "p@ss:/");
  EXPECT_EQ(endpoint->host, "cache.internal");
  EXPECT_EQ(endpoint->port, 6380);
  EXPECT_EQ(endpoint->database, 12);
}

TEST(RedisUrl, APasswordWithoutUserIsTheDefaultUsers) {
  const auto endpoint = parse_redis_url("redis://:secret@h");
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->user, "");
  EXPECT_EQ(endpoint->password, "secret");
  EXPECT_EQ(endpoint->port, 6379);
}

TEST(RedisUrl, SocketsAndIpv6AreRead) {
  const auto socket = parse_redis_url("unix://:pw@/run/redis/redis.sock?db=3");
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->path, "/run/redis/redis.sock");
  EXPECT_EQ(socket->database, 3);
  EXPECT_EQ(socket->password, "pw");
  const auto six = parse_redis_url("redis://[::1]:7000/1");
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->port, 7000);
  EXPECT_EQ(six->shown(), "redis://[::1]:7000/1");
}

TEST(RedisUrl, WhatCannotBeMeantIsRefused) {
  for (const char* url : {"",
                          "localhost:6379",
                          "http://localhost",
                          "redis://",
                          "redis://:6379",
                          "redis://h:0",
                          "redis://h:65536",
                          "redis://h:x",
                          "redis://h/one",
                          "redis://h/1/2",
                          "redis://h/-1",
                          "redis://[::1",
                          "redis://[::1]x",
                          "redis://u:%zz@h",
                          "redis://u:%4@h",
                          "redis://h?db=1",
                          "unix://relative.sock",
                          "unix:///s?database=1",
                          "unix:///s?db="}) {
    EXPECT_EQ(parse_redis_url(url).status().code(), Code::kInvalidArgument) << url;
  }
  EXPECT_FALSE(parse_redis_url("unix:///" + std::string(107, 'x')).ok());
}

TEST(RedisUrl, ThePasswordIsNeverShown) {
  const auto endpoint = parse_redis_url("redis://u:hunter2@h/1");
  EXPECT_EQ(endpoint->shown().find("hunter2"), std::string::npos);
  EXPECT_EQ(parse_redis_url("redis://u:hunter2@h/x").status().message().find("hunter2"),
            std::string::npos);
}

}  // namespace
}  // namespace rr::cache
