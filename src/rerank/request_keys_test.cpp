#include "rerank/request_keys.h"

#include <gtest/gtest.h>

#include <set>

namespace rr::rerank {
namespace {

RerankRequest request(std::vector<std::string> queries, std::vector<std::string> documents) {
  RerankRequest request;
  request.queries = std::move(queries);
  request.documents = SharedTexts(std::move(documents));
  return request;
}

TEST(RequestKeys, DuplicatesShareAPair) {
  const RequestKeys keys = request_keys("f", {}, request({"q"}, {"a", "b", "a"}));
  ASSERT_EQ(keys.pairs.size(), 2U);
  EXPECT_EQ(keys.pair_of, (std::vector<std::size_t>{0, 1, 0}));
  EXPECT_EQ(keys.pairs[1].document, 1U);
}

TEST(RequestKeys, TheSameDocumentUnderAnotherQueryIsAnotherPair) {
  const RequestKeys keys = request_keys("f", {}, request({"q", "r", "q"}, {"a", "a", "a"}));
  ASSERT_EQ(keys.pairs.size(), 2U);
  EXPECT_EQ(keys.pair_of, (std::vector<std::size_t>{0, 1, 0}));
  EXPECT_EQ(keys.pairs[1].query, 1U);
}

TEST(RequestKeys, EverythingThatChangesTheInputChangesTheKey) {
  text::PairOptions base;
  std::vector<cache::QueryKey> keys = {query_key("f", base, "q"),
                                       query_key("g", base, "q"),
                                       query_key("f", base, "r"),
                                       query_key("fq", base, "")};
  text::PairOptions changed = base;
  changed.max_length = 100;
  keys.push_back(query_key("f", changed, "q"));
  changed = base;
  changed.max_query_tokens = 100;
  keys.push_back(query_key("f", changed, "q"));
  changed = base;
  changed.max_document_tokens = 100;
  keys.push_back(query_key("f", changed, "q"));
  changed = base;
  changed.truncation_side = text::TruncationSide::kLeft;
  keys.push_back(query_key("f", changed, "q"));
  EXPECT_EQ(std::set<cache::QueryKey>(keys.begin(), keys.end()).size(), keys.size());
}

TEST(RequestKeys, FlagsOfTheAnswerDoNotChangeTheKey) {
  RerankRequest plain = request({"q"}, {"a"});
  RerankRequest strict = plain;
  strict.truncate = false;
  const auto key_of = [](const RerankRequest& asked) {
    return request_keys("f", pair_options(asked, 512), asked).pairs[0].key;
  };
  EXPECT_EQ(key_of(plain), key_of(strict));
}

TEST(RequestKeys, TheServersMaximumLengthCapsTheRequests) {
  RerankRequest asked = request({"q"}, {"a"});
  EXPECT_EQ(pair_options(asked, 512).max_length, 512);
  asked.max_length = 100;
  EXPECT_EQ(pair_options(asked, 512).max_length, 100);
  asked.max_length = 1000;
  EXPECT_EQ(pair_options(asked, 512).max_length, 512);
}

}  // namespace
}  // namespace rr::rerank
