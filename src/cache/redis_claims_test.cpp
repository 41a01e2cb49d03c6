#include "cache/redis_claims.h"

#include <gtest/gtest.h>

#include <array>

namespace rr::cache {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLease = milliseconds(900);

class Claims : public testing::Test {
 protected:
  TimePoint now() const { return clock.now(); }
  ClaimedDocument claim(std::string_view document, std::uint64_t number) const {
    return {digest128(document), number};
  }

  FakeClock clock;
  ClaimTable table{kLease};
  QueryKey query{digest128("q")};
};

TEST_F(Claims, AStartedClaimIsRenewedThreeTimesALeaseForAsLongAsItIsHeld) {
  table.grant(query, claim("a", 1), now());
  table.start(query, std::array{digest128("a")});
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(table.next_due(), now() + kLease / 3);
    clock.advance(kLease / 3);
    const auto due = table.take_due(now());
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].renew.size(), 1U);
    EXPECT_TRUE(due[0].release.empty());
  }
}

TEST_F(Claims, AQueuedClaimIsGivenUpAfterOneLease) {
  table.grant(query, claim("a", 1), now());
  int renewals = 0;
  for (int i = 0; i < 3; ++i) {
    clock.advance(kLease / 3);
    for (const auto& due : table.take_due(now())) {
      renewals += static_cast<int>(due.renew.size());
      if (i == 2) {
        ASSERT_EQ(due.release.size(), 1U);
        EXPECT_EQ(due.release[0].number, 1U);
      }
    }
  }
  EXPECT_EQ(renewals, 2);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.next_due().has_value());
}

TEST_F(Claims, AnExpectedClaimIsNotRenewedUntilItIsGranted) {
  table.expect(query, claim("a", 1), now());
  clock.advance(kLease / 3);
  EXPECT_TRUE(table.take_due(now()).at(0).renew.empty());
  EXPECT_TRUE(table.is_current(query, claim("a", 1)));
  table.grant(query, claim("a", 1), now());
  clock.advance(kLease / 3);
  EXPECT_EQ(table.take_due(now()).at(0).renew.size(), 1U);
}

TEST_F(Claims, ALostClaimIsForgottenOnlyIfItIsStillTheSame) {
  table.grant(query, claim("a", 1), now());
  table.grant(query, claim("a", 2), now());
  EXPECT_FALSE(table.lose(query, claim("a", 1)));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(table.lose(query, claim("a", 2)));
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(Claims, DroppingTellsTheNumberToReleaseAndStopsTheTimer) {
  table.grant(query, claim("a", 7), now());
  EXPECT_FALSE(table.drop(query, digest128("b")).has_value());
  EXPECT_EQ(table.drop(query, digest128("a"))->number, 7U);
  EXPECT_FALSE(table.next_due().has_value());
}

TEST_F(Claims, ClaimsOfOneQueryAreRenewedTogether) {
  for (int i = 0; i < 50; ++i) {
    table.grant(query, claim(std::to_string(i), 1), now());
  }
  table.grant({digest128("other")}, claim("x", 2), now());
  clock.advance(kLease / 3);
  const auto due = table.take_due(now());
  EXPECT_EQ(due.size(), 2U);
}

TEST_F(Claims, TheEndOfTheProcessReleasesAll) {
  table.grant(query, claim("a", 1), now());
  table.expect(query, claim("b", 2), now());
  const auto all = table.take_all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].release.size(), 2U);
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace rr::cache
