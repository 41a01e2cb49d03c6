#include <gtest/gtest.h>

#include "cache/score_cache.h"

namespace rr::cache {
namespace {

TEST(NoScoreCache, AnswersEveryDocumentBeforeItReturns) {
  const auto cache = make_no_score_cache();
  std::vector<std::size_t> indexes;
  cache->lookup_and_claim({},
                          {digest128("a"), digest128("b")},
                          Deadline::never(),
                          [&](std::span<const RemoteAnswer> answers, std::size_t waiting) {
                            EXPECT_EQ(waiting, 0U);
                            for (const RemoteAnswer& answer : answers) {
                              EXPECT_EQ(answer.kind, RemoteAnswer::Kind::kCompute);
                              indexes.push_back(answer.index);
                            }
                          });
  EXPECT_EQ(indexes, (std::vector<std::size_t>{0, 1}));
  EXPECT_FALSE(cache->stats().enabled);
}

}  // namespace
}  // namespace rr::cache
