#include "http/headers.h"

#include <gtest/gtest.h>

#include <set>

#include "http/id_source.h"

namespace rr::http {
namespace {

TEST(Headers, BodiesOfTheseTypesAreReadAsJson) {
  for (const char* type : {"",
                           "application/json",
                           "Application/JSON; charset=utf-8",
                           "application/vnd.api+json",
                           "text/plain",
                           "text/plain;charset=UTF-8",
                           "application/x-www-form-urlencoded",
                           " application/json "}) {
    EXPECT_TRUE(is_json_type(type)) << type;
  }
  for (const char* type : {"text/html",
                           "application/xml",
                           "multipart/form-data; boundary=x",
                           "application/octet-stream",
                           "+json",
                           "json"}) {
    EXPECT_FALSE(is_json_type(type)) << type;
  }
}

TEST(Headers, MetricsComeAsJsonOnlyWhenJsonIsNamedFirst) {
  EXPECT_TRUE(accepts_json("application/json"));
  EXPECT_TRUE(accepts_json("application/json, text/plain;q=0.5"));
  EXPECT_FALSE(accepts_json(""));
  EXPECT_FALSE(accepts_json("*/*"));
  EXPECT_FALSE(accepts_json("text/html,application/json"));
  EXPECT_FALSE(accepts_json("application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*"));
}

TEST(Headers, RequestIdsAreVisibleAsciiOfAtMost128) {
  EXPECT_TRUE(is_request_id("abc-123"));
  EXPECT_FALSE(is_request_id(""));
  EXPECT_FALSE(is_request_id("a b"));
  EXPECT_FALSE(is_request_id("a\x01"));
  EXPECT_FALSE(is_request_id("\xc3\xa9"));
  EXPECT_TRUE(is_request_id(std::string(128, 'a')));
  EXPECT_FALSE(is_request_id(std::string(129, 'a')));
}

TEST(ApiKeys, AnyOfTheKeysOpensWithOrWithoutBearer) {
  const ApiKeys keys({"one", " two "});
  EXPECT_TRUE(keys.required());
  EXPECT_TRUE(keys.allow("Bearer one"));
  EXPECT_TRUE(keys.allow("bearer two"));
  EXPECT_TRUE(keys.allow("two"));
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer On", "Bearer onex", "Basic one", "three"}) {
    EXPECT_FALSE(keys.allow(wrong)) << wrong;
  }
}

TEST(ApiKeys, NoKeysMeanAnOpenServer) {
  EXPECT_FALSE(ApiKeys({}).required());
  EXPECT_FALSE(ApiKeys({"", "  "}).required());
}

TEST(IdSource, IdsAre32HexDigitsAndDiffer) {
  IdSource first;
  IdSource second;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    for (const std::string& id : {first.next(), second.next()}) {
      EXPECT_EQ(id.size(), 32U);
      EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
      EXPECT_TRUE(seen.insert(id).second);
    }
  }
}

}  // namespace
}  // namespace rr::http
