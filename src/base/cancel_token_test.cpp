#include "base/cancel_token.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace rr {
namespace {

TEST(CancelToken, DefaultTokenIsNeverCancelled) {
  const CancelToken token;
  EXPECT_FALSE(token.cancelled());
  const auto registration = token.on_cancel([] { FAIL(); });
}

TEST(CancelToken, RunsEachCallbackOnce) {
  CancelSource source;
  int calls = 0;
  const auto registration = source.token().on_cancel([&] { ++calls; });
  source.cancel();
  source.cancel();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(source.token().cancelled());
}

TEST(CancelToken, LateCallbackRunsAtOnce) {
  CancelSource source;
  source.cancel();
  bool called = false;
  const auto registration = source.token().on_cancel([&] { called = true; });
  EXPECT_TRUE(called);
}

TEST(CancelToken, RemovedCallbackDoesNotRun) {
  CancelSource source;
  int calls = 0;
  {
    const auto registration = source.token().on_cancel([&] { ++calls; });
  }
  source.cancel();
  EXPECT_EQ(calls, 0);
}

TEST(CancelToken, RemovalWaitsForARunningCallback) {
  CancelSource source;
  std::atomic<bool> started = false;
  std::atomic<bool> finished = false;
  auto registration = source.token().on_cancel([&] {
    started = true;
    std::this_thread::yield();
    finished = true;
  });
  std::jthread canceller([&] { source.cancel(); });
  while (!started) {
    std::this_thread::yield();
  }
  registration = CancelToken::Registration();
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace rr
