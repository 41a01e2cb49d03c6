#include "cli/load_plan.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <set>

namespace rr::cli {
namespace {

TEST(LoadPlan, ABodyIsAFunctionOfSeedAndIndex) {
  const LoadShape shape;
  EXPECT_EQ(load_body(shape, 5), load_body(shape, 5));
  EXPECT_NE(load_body(shape, 5), load_body(shape, 6));
  LoadShape other = shape;
  other.seed = 2;
  EXPECT_NE(load_body(shape, 5), load_body(other, 5));
}

TEST(LoadPlan, EveryRequestOfARunIsDistinctWithoutDuplicates) {
  LoadShape shape;
  shape.tokens = {1, 1};
  std::set<std::string> bodies;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    EXPECT_TRUE(bodies.insert(load_body(shape, i)).second) << i;
  }
}

TEST(LoadPlan, TheShareOfRepeatsIsTheOneAskedFor) {
  LoadShape shape;
  shape.duplicates = 0.4;
  int repeats = 0;
  constexpr int kRequests = 5000;
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    const std::uint64_t original = original_of(shape, i);
    EXPECT_LE(original, i);
    EXPECT_EQ(original_of(shape, original), original);
    EXPECT_EQ(load_body(shape, i), load_body(shape, original));
    repeats += original != i ? 1 : 0;
  }
  EXPECT_NEAR(repeats / static_cast<double>(kRequests), 0.4, 0.03);
}

TEST(LoadPlan, ArrivalsHaveTheMeanOfTheirRate) {
  double seconds = 0;
  constexpr int kArrivals = 20000;
  for (std::uint64_t i = 0; i < kArrivals; ++i) {
    seconds += to_seconds(arrival_gap(7, i, 50.0));
  }
  EXPECT_NEAR(seconds / kArrivals, 1 / 50.0, 0.001);
}

TEST(LoadPlan, ARequestHasAsManyDocumentsAsItsRangeSays) {
  LoadShape shape;
  shape.documents = {1, 4};
  std::set<int> counts;
  for (std::uint64_t index = 0; index < 100; ++index) {
    simdjson::dom::parser parser;
    const std::string body = load_body(shape, index);
    const std::size_t size = parser.parse(body)["documents"].get_array().size();
    EXPECT_EQ(size, documents_of(shape, index));
    counts.insert(static_cast<int>(size));
  }
  EXPECT_EQ(counts, (std::set<int>{1, 2, 3, 4}));
}

TEST(LoadPlan, DistinctRequestsComeInTurn) {
  LoadShape shape;
  shape.distinct = 3;
  EXPECT_EQ(load_body(shape, 1), load_body(shape, 4));
  EXPECT_NE(load_body(shape, 1), load_body(shape, 2));
  EXPECT_EQ(original_of(shape, 5), 2U);
}

TEST(LoadPlan, ExtraFieldsFollowTheOthers) {
  LoadShape shape;
  shape.extra_fields = *parse_extra_fields(R"({ "top_n": 2, "return_documents": false })");
  EXPECT_TRUE(load_body(shape, 0).ends_with(R"(],"top_n":2,"return_documents":false})"));
  EXPECT_EQ(*parse_extra_fields("{}"), "");
  for (const char* text : {"", "[]", "{", "1", R"({"a":1} x)"}) {
    EXPECT_FALSE(parse_extra_fields(text).ok()) << text;
  }
}

TEST(LoadPlan, TokenRangesAreOneNumberOrTwo) {
  EXPECT_EQ(parse_count_range("--tokens", "20")->most, 20);
  EXPECT_EQ(parse_count_range("--tokens", "15-40")->least, 15);
  EXPECT_EQ(parse_count_range("--tokens", "15-40")->most, 40);
  for (const char* text : {"", "0", "-3", "5-", "9-3", "x", "1-1000000", "1.5"}) {
    EXPECT_FALSE(parse_count_range("--tokens", text).ok()) << text;
  }
}

TEST(LoadPlan, TargetsHaveHostPortAndPath) {
  const auto target = parse_target("http://localhost:8000");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->host, "localhost");
  EXPECT_EQ(target->port, "8000");
  EXPECT_EQ(target->path, "/rerank");
  EXPECT_EQ(parse_target("http://h/v1/rerank")->path, "/v1/rerank");
  EXPECT_EQ(parse_target("http://h/v1/rerank")->port, "80");
  EXPECT_EQ(parse_target("localhost:8000")->port, "8000");
  EXPECT_EQ(parse_target("http://[::1]:9/x")->host, "::1");
  for (const char* url : {"", "https://h", "http://", "http://h:0", "http://h:x", "http://a b/"}) {
    EXPECT_FALSE(parse_target(url).ok()) << url;
  }
}

}  // namespace
}  // namespace rr::cli
