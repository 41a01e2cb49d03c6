#include "engine/crew.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>

namespace rr::engine {
namespace {

TEST(Crew, EveryItemIsDoneOnceAndNoPhaseBeginsBeforeTheOneBeforeIsDone) {
  constexpr std::array<int, 5> kItems = {3, 1, 64, 2, 7};
  Crew crew(4, 8);
  for (int round = 0; round < 200; ++round) {
    const int leader = round % 4;
    std::array<std::atomic<int>, 5> done{};
    std::atomic<int> early = 0;
    std::array<std::array<std::atomic<int>, 64>, 5> times{};
    const Crew::Seat sits(crew, leader);
    ASSERT_TRUE(crew.run(leader, 3, kItems, [&](int member, int phase, int item) {
      EXPECT_TRUE(member >= 0 && member < 4);
      const auto p = static_cast<std::size_t>(phase);
      if (p > 0 && done[p - 1] != kItems[p - 1]) {
        ++early;
      }
      ++times[p][static_cast<std::size_t>(item)];
      ++done[p];
    }));
    EXPECT_EQ(early, 0);
    for (std::size_t p = 0; p < kItems.size(); ++p) {
      EXPECT_EQ(done[p], kItems[p]);
      for (int item = 0; item < kItems[p]; ++item) {
        EXPECT_EQ(times[p][static_cast<std::size_t>(item)], 1);
      }
    }
  }
}

TEST(Crew, HelpersTakePart) {
  constexpr std::array<int, 1> kItems = {2};
  Crew crew(2, 1);
  const Crew::Seat sits(crew, 0);
  std::atomic<bool> helper_came = false;
  // The leader's item lasts until the other one was begun by the helper.
  ASSERT_TRUE(crew.run(0, 1, kItems, [&](int member, int /*phase*/, int item) {
    EXPECT_EQ(member, item);
    if (member == 1) {
      helper_came = true;
    }
    while (!helper_came) {
      std::this_thread::yield();
    }
  }));
}

TEST(Crew, AJobEndsWithoutHelpersWhoseSeatsAreTaken) {
  constexpr std::array<int, 3> kItems = {4, 4, 4};
  Crew crew(3, 3);
  const Crew::Seat leader(crew, 1);
  const Crew::Seat busy(crew, 0);
  const Crew::Seat busy_too(crew, 2);
  std::set<int> members;
  int items = 0;
  ASSERT_TRUE(crew.run(1, 2, kItems, [&](int member, int /*phase*/, int /*item*/) {
    members.insert(member);
    ++items;
  }));
  EXPECT_EQ(members, std::set<int>{1});
  EXPECT_EQ(items, 12);
}

TEST(Crew, ASecondJobIsDeclinedWhileOneRuns) {
  constexpr std::array<int, 1> kItems = {1};
  Crew crew(2, 1);
  const Crew::Seat first(crew, 0);
  bool second_ran = true;
  ASSERT_TRUE(crew.run(0, 0, kItems, [&](int, int, int) {
    const std::jthread other([&] {
      const Crew::Seat second(crew, 1);
      second_ran = crew.run(1, 1, kItems, [](int, int, int) {});
    });
  }));
  EXPECT_FALSE(second_ran);
}

TEST(Crew, AWorkerSitsDownWhenItsHelpIsOver) {
  constexpr std::array<int, 1> kItems = {8};
  Crew crew(2, 1);
  for (int round = 0; round < 500; ++round) {
    std::atomic<int> running = 0;
    std::atomic<bool> sat = false;
    std::jthread worker;
    {
      const Crew::Seat leader(crew, 0);
      ASSERT_TRUE(crew.run(0, 1, kItems, [&](int member, int /*phase*/, int /*item*/) {
        running += member;
        if (member == 1 && !worker.joinable()) {
          worker = std::jthread([&] {
            const Crew::Seat own(crew, 1);
            EXPECT_EQ(running, 0);  // its buffers are its own now
            sat = true;
          });
        }
        running -= member;
      }));
    }
    if (worker.joinable()) {
      worker.join();
      EXPECT_TRUE(sat);
    }
    const Crew::Seat again(crew, 1);
  }
}

TEST(Crew, OneMemberWorksAlone) {
  constexpr std::array<int, 2> kItems = {3, 2};
  Crew crew(1, 2);
  const Crew::Seat sits(crew, 0);
  int items = 0;
  ASSERT_TRUE(crew.run(0, 0, kItems, [&](int, int, int) { ++items; }));
  EXPECT_EQ(items, 5);
}

}  // namespace
}  // namespace rr::engine
