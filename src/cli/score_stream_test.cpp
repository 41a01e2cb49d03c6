#include "cli/score_stream.h"

#include <gmock/gmock.h>

#include <vector>

namespace rr::cli {
namespace {

using ::testing::ElementsAre;

struct Harness {
  int requests = 0;
  int sent = 0;
  std::size_t in_flight = 0;
  std::size_t in_flight_peak = 0;
  std::vector<rerank::RerankCallback> waiting;
  std::vector<float> taken;

  // Answers arrive in groups of three, last first.
  void answer_all() {
    while (!waiting.empty()) {
      auto done = std::move(waiting.back());
      waiting.pop_back();
      rerank::RerankResponse response;
      response.scores = {{.logit = static_cast<float>(waiting.size()), .truncated = false}};
      --in_flight;
      done({response, 0});
    }
  }
  ScoreStream stream() {
    return {.rerank =
                [this](const rerank::RerankRequest&, rerank::RerankCallback done) {
                  waiting.push_back(std::move(done));
                  in_flight_peak = std::max(in_flight_peak, ++in_flight);
                  if (waiting.size() == 3 || sent == requests) {
                    answer_all();
                  }
                },
            .next = [this]() -> Result<std::optional<rerank::RerankRequest>> {
              if (sent == requests) {
                return std::optional<rerank::RerankRequest>();
              }
              ++sent;
              return std::optional(rerank::RerankRequest{});
            },
            .take = [this](rerank::RerankResponse response) -> Status {
              taken.push_back(response.scores.at(0).logit);
              return {};
            },
            .in_flight_max = 3};
  }
};

TEST(ScoreStream, HandsOverInTheOrderOfTheRequests) {
  Harness harness;
  harness.requests = 6;
  EXPECT_TRUE(run_score_stream(harness.stream()).ok());
  EXPECT_THAT(harness.taken, ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_EQ(harness.in_flight_peak, 3U);
}

TEST(ScoreStream, TheFirstFailureEndsItOnceNothingIsInFlight) {
  Harness harness;
  harness.requests = 9;
  ScoreStream stream = harness.stream();
  stream.take = [&harness](const rerank::RerankResponse&) -> Status {
    harness.taken.push_back(0);
    return Status(Code::kInternal, "disk full");
  };
  EXPECT_EQ(run_score_stream(stream).message(), "disk full");
  EXPECT_EQ(harness.taken.size(), 1U);
  EXPECT_EQ(harness.in_flight, 0U);
}

TEST(ScoreStream, AFailedRequestAndABadInputAreReported) {
  Harness harness;
  harness.requests = 1;
  ScoreStream stream = harness.stream();
  stream.rerank = [](const rerank::RerankRequest&, const rerank::RerankCallback& done) {
    done({Status(Code::kNonFinite, "document 3"), 0});
  };
  EXPECT_EQ(run_score_stream(stream).code(), Code::kNonFinite);
  stream.next = []() -> Result<std::optional<rerank::RerankRequest>> {
    return Status(Code::kCorrupt, "in:7: bad JSON");
  };
  EXPECT_EQ(run_score_stream(stream).message(), "in:7: bad JSON");
}

TEST(ScoreStream, NoRequestsIsFine) {
  Harness harness;
  EXPECT_TRUE(run_score_stream(harness.stream()).ok());
}

}  // namespace
}  // namespace rr::cli
