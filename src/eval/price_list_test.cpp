#include "eval/price_list.h"

#include <gtest/gtest.h>

namespace rr::eval {
namespace {

PriceList list() {
  DtypePrice none{"none", "avx2-fma.1", 0.5, {1, 1, 0, 0}, 40.5, 1000};
  DtypePrice int8{"int8", "avx2-s11s8.1", 0.49, {0.97, 0.95, 0.5, 0.25}, 80, 250};
  return {"m", "d1", "none", 2, {{"scifact", 3, 300, {none, int8}}}};
}

std::string with(std::string json, const std::string& from, const std::string& to) {
  const std::size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

TEST(PriceList, IsReadBackAsItWasWritten) {
  const std::string json = price_list_json(list());
  EXPECT_EQ(json,
            R"({"model":"m","content_digest":"d1","baseline":"none","threads":2,"sets":[)"
            R"({"name":"scifact","queries":3,"pairs":300,"dtypes":[)"
            R"({"dtype":"none","numerics":"avx2-fma.1","ndcg@10":0.5,"kendall_tau":1.0,)"
            R"("top10_overlap":1.0,"max_delta_logit":0.0,"p99_delta_logit":0.0,)"
            R"("pairs_per_s":40.5,"weight_bytes":1000},)"
            R"({"dtype":"int8","numerics":"avx2-s11s8.1","ndcg@10":0.49,"kendall_tau":0.97,)"
            R"("top10_overlap":0.95,"max_delta_logit":0.5,"p99_delta_logit":0.25,)"
            R"("pairs_per_s":80.0,"weight_bytes":250}]}]})");
  const auto read = parse_price_list(json);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(price_list_json(*read), json);
}

TEST(PriceList, WhatIsNotKnownIsDropped) {
  const std::string json = price_list_json(list());
  const auto read = parse_price_list(with(json, R"("baseline")", R"("x":"<script>","baseline")"));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(price_list_json(*read), json);
}

TEST(PriceList, AWrongFieldIsNamed) {
  const std::string json = price_list_json(list());
  const std::string long_name = "\"" + std::string(300, 'm') + "\"";
  const struct {
    std::string json, says;
  } rows[] = {
      {"", "no JSON"},
      {"[]", "wants an object"},
      {"{}", "model"},
      {with(json, R"("m")", long_name), "model"},
      {with(json, R"("m")", "7"), "model"},
      {with(json, R"("threads":2)", R"("threads":0)"), "threads"},
      {with(json, R"("queries":3)", R"("queries":-3)"), "queries"},
      {with(json, R"("ndcg@10":0.49)", R"("ndcg@10":1.5)"), "ndcg@10"},
      {with(json, R"("pairs_per_s":80.0)", R"("pairs_per_s":"fast")"), "pairs_per_s"},
      {with(json, R"("weight_bytes":250)", R"("weight_bytes":2.5)"), "weight_bytes"},
      {with(json, R"("sets":[)", R"("sets":[1,)"), "wants an object"},
  };
  for (const auto& row : rows) {
    const auto read = parse_price_list(row.json);
    EXPECT_EQ(read.status().code(), Code::kCorrupt) << row.json;
    EXPECT_NE(read.status().message().find(row.says), std::string::npos) << read.status().message();
  }
}

}  // namespace
}  // namespace rr::eval
