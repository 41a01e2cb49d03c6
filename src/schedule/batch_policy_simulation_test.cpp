// Thousands of arrivals against the pure policy in simulated time: bursts, giants among dwarfs,
// clients that leave, deadlines, engine stalls. After every event the laws are checked:
//   no pair is lost and none is taken twice
//   nobody waits beyond a time limit, and a pair held for company no longer than the window
//   work is conserved: no worker is free while pairs are ready, but for that window
//   a request that meets an idle engine is taken at once
//   nobody starves: while a request has pairs ready, others are served a bounded number of tokens
//   the counts that are derived step by step are those of a plain sum over all requests
// Each case is a seed; a failure prints it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <vector>

#include "schedule/batch_policy.h"

namespace rr::schedule {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kArrivals = 3000;

struct Scenario {
  const char* name;
  int workers;
  bool micro_batching;
  double load;       // offered tokens over what the engine can do
  double giants;     // share of requests with 1,000 pairs
  double cancels;    // share of requests whose client leaves
  double deadlines;  // share of requests with a deadline
  double stalls;     // share of chunks that take 50 times as long
  int burst;         // requests that arrive at the same moment
  Duration queue_timeout;
};

class Simulation {
 public:
  Simulation(const Scenario& scenario, unsigned seed)
      : scenario_(scenario), random_(seed), policy_(options(scenario)) {}

  void run() {
    push(now_, Event::kArrival, 0);
    while (!events_.empty() && !::testing::Test::HasFatalFailure()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.time;
      handle(event);
      expire();
      feed_workers();
      if (event.order % 8 == 0) {
        check_counts();
      }
    }
    check_counts();
    EXPECT_EQ(arrivals_, kArrivals);
    for (const auto& [id, job] : jobs_) {
      ADD_FAILURE() << "request " << id << " was never finished, " << job.open.size()
                    << " pairs lost";
    }
    EXPECT_EQ(policy_.facts().waiting, 0);
    EXPECT_EQ(policy_.facts().active, 0);
    EXPECT_EQ(policy_.facts().queued_tokens, 0);
    EXPECT_EQ(policy_.next_expiry(), TimePoint::max());
  }

  int finished() const { return finished_; }
  int refused() const { return refused_; }
  int expired() const { return expired_; }

 private:
  struct Event {
    enum Kind { kArrival, kChunkDone, kCancel, kTick };
    TimePoint time;
    std::uint64_t order;  // ties in order of creation, so that a seed gives one run
    Kind kind;
    std::uint64_t subject;
    bool operator<(const Event& other) const {
      return std::pair(time, order) > std::pair(other.time, other.order);
    }
  };
  struct Job {
    std::set<PairId> open;   // not yet computed
    std::set<PairId> ready;  // of those: not yet taken
    std::map<PairId, int> tokens;
    Deadline deadline = Deadline::never();
    TimePoint arrived;
    std::optional<TimePoint> started;
    std::int64_t served = 0;         // its tokens that were taken
    std::int64_t others_served = 0;  // tokens taken by others since it was served last
    std::int64_t seasoned_most = 0;  // seasoned requests that were there at one moment since then
  };

  static PolicyOptions options(const Scenario& scenario) {
    PolicyOptions options;
    options.workers = scenario.workers;
    options.micro_batching = scenario.micro_batching;
    options.queue_timeout = scenario.queue_timeout;
    options.worker_timeout = std::chrono::hours(1);
    options.max_queue = 100;
    return options;
  }

  double uniform() { return std::uniform_real_distribution<>(0, 1)(random_); }
  int between(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }
  void push(TimePoint time, Event::Kind kind, std::uint64_t subject) {
    events_.push({time, ++event_count_, kind, subject});
  }

  void handle(const Event& event) {
    if (event.kind == Event::kArrival) {
      for (int i = 0; i < scenario_.burst && arrivals_ < kArrivals; ++i) {
        arrive();
      }
      if (arrivals_ < kArrivals) {
        const double mean_s = mean_tokens() * scenario_.burst * kTokenCost.count() * 1e-9 /
                              (scenario_.load * scenario_.workers);
        const double gap_s = std::exponential_distribution<>(1 / mean_s)(random_);
        push(now_ + from_seconds(gap_s), Event::kArrival, 0);
      }
    } else if (event.kind == Event::kChunkDone) {
      chunk_done(event.subject);
    } else if (event.kind == Event::kCancel && jobs_.contains(event.subject)) {
      drop(event.subject);
    }
  }

  double mean_tokens() const {
    return (1 - scenario_.giants) * 3 * 40 + scenario_.giants * 1000 * 40;
  }

  void arrive() {
    ++arrivals_;
    const JobId id = ++last_job_;
    Job job;
    job.arrived = now_;
    const int pairs = uniform() < scenario_.giants ? 1000 : between(1, 5);
    std::vector<ReadyPair> ready;
    std::int64_t tokens = 0;
    for (int i = 0; i < pairs; ++i) {
      const PairId pair = ++last_pair_;
      job.open.insert(pair);
      job.tokens[pair] = between(10, 70);
      tokens += job.tokens[pair];
      ready.push_back({pair, job.tokens[pair]});
    }
    if (uniform() < scenario_.deadlines) {
      job.deadline = Deadline::at(now_ + milliseconds(between(1, 300)));
    }
    const bool engine_idle = running_.empty() && ready_pairs() == 0;
    if (policy_.admit(id, job.deadline, {pairs, tokens}, now_)) {
      ++refused_;
      EXPECT_FALSE(engine_idle) << "refused although nothing was queued";
      return;
    }
    // Some pairs are answered by others, and some are ours only later.
    const std::size_t answered = uniform() < 0.2 ? ready.size() / 2 : 0;
    Reservation given{};
    for (std::size_t i = 0; i < answered; ++i) {
      const ReadyPair pair = ready.back();
      ready.pop_back();
      job.open.erase(pair.pair);
      ++given.pairs;
      given.tokens += pair.tokens;
    }
    policy_.give_back(id, given);
    for (const ReadyPair& pair : ready) {
      job.ready.insert(pair.pair);
    }
    jobs_.emplace(id, job);
    policy_.ready(id, ready, now_);
    if (ready.empty()) {
      finish(id);
      return;
    }
    if (uniform() < scenario_.cancels) {
      push(now_ + microseconds(between(0, 200'000)), Event::kCancel, id);
    }
    if (engine_idle) {
      feed_workers();
      EXPECT_TRUE(jobs_.at(id).started) << "a lone request waited";
    }
  }

  std::size_t ready_pairs() const {
    std::size_t count = 0;
    for (const auto& [id, job] : jobs_) {
      count += job.ready.size();
    }
    return count;
  }

  void feed_workers() {
    while (static_cast<int>(running_.size()) < scenario_.workers) {
      auto chunk = policy_.take(now_);
      if (!chunk) {
        break;
      }
      start(std::move(*chunk));
    }
    check_work_conserved();
    if (policy_.take_again_at() != TimePoint::max()) {
      push(policy_.take_again_at(), Event::kTick, 0);
    }
    if (policy_.next_expiry() != TimePoint::max()) {
      if (next_tick_ <= now_ || policy_.next_expiry() < next_tick_) {
        next_tick_ = policy_.next_expiry();
        push(next_tick_, Event::kTick, 0);
      }
    }
  }

  void start(Chunk chunk) {
    std::set<JobId> chunk_jobs;
    std::int64_t tokens = 0;
    for (const Chunk::Pair& taken : chunk.pairs) {
      ASSERT_TRUE(jobs_.contains(taken.job));
      Job& job = jobs_.at(taken.job);
      ASSERT_EQ(job.ready.erase(taken.pair), 1U) << "pair taken twice or never ready";
      ASSERT_EQ(taken.tokens, job.tokens.at(taken.pair));
      job.served += taken.tokens;
      chunk_jobs.insert(taken.job);
      tokens += taken.tokens;
      if (!job.started) {
        job.started = now_;
        ASSERT_LE(now_ - job.arrived, scenario_.queue_timeout);
      }
    }
    ASSERT_EQ(tokens, chunk.tokens);
    ASSERT_EQ(static_cast<int>(chunk_jobs.size()), chunk.jobs);
    ASSERT_TRUE(tokens <= 256 || chunk.pairs.size() == 1);
    ASSERT_LE(chunk.jobs, scenario_.micro_batching ? 32 : 1);
    check_fairness(chunk_jobs, tokens);
    Duration cost = kChunkCost + kTokenCost * tokens;
    if (uniform() < scenario_.stalls) {
      cost *= 50;
    }
    const std::uint64_t id = ++last_chunk_;
    running_.emplace(id, std::pair(std::move(chunk), cost));
    push(now_ + cost, Event::kChunkDone, id);
  }

  // Fresh requests pass, and seasoned ones take turns: between two turns of a seasoned request
  // every other one has at most its own, and newcomers three times as much beside. Deadlines at
  // risk may pass too, so the law is checked where there are none.
  void check_fairness(const std::set<JobId>& served, std::int64_t tokens) {
    const auto seasoned = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
      return entry.second.served >= kFreshTokens && !entry.second.ready.empty();
    });
    for (auto& [id, job] : jobs_) {
      if (served.contains(id) || job.ready.empty() || job.served < kFreshTokens) {
        job.others_served = 0;
        job.seasoned_most = 0;
        continue;
      }
      job.others_served += tokens;
      job.seasoned_most = std::max<std::int64_t>(job.seasoned_most, seasoned);
      if (scenario_.deadlines == 0) {
        ASSERT_LE(job.others_served, (job.seasoned_most + 2) * 4 * 512)
            << "request " << id << " starves";
      }
    }
  }

  void check_work_conserved() {
    if (static_cast<int>(running_.size()) >= scenario_.workers || ready_pairs() == 0) {
      return;
    }
    std::set<JobId> active;
    for (const auto& [id, chunk] : running_) {
      for (const Chunk::Pair& pair : chunk.first.pairs) {
        if (jobs_.contains(pair.job)) {
          active.insert(pair.job);
        }
      }
    }
    if (!scenario_.micro_batching) {
      ASSERT_GE(active.size(), 4U) << "a worker is free although pairs are ready";
      return;
    }
    ASSERT_FALSE(running_.empty()) << "the engine is idle although pairs are ready";
    ASSERT_GT(policy_.take_again_at(), now_);
    ASSERT_LE(policy_.take_again_at(), now_ + milliseconds(10)) << "held beyond the window";
  }

  void chunk_done(std::uint64_t id) {
    const auto node = running_.extract(id);
    const auto& [chunk, cost] = node.mapped();
    policy_.chunk_done(chunk, chunk.tokens, cost);
    for (const Chunk::Pair& pair : chunk.pairs) {
      const auto found = jobs_.find(pair.job);
      if (found == jobs_.end()) {
        continue;
      }
      ASSERT_EQ(found->second.open.erase(pair.pair), 1U) << "computed twice";
      if (found->second.open.empty()) {
        finish(pair.job);
      }
    }
  }

  void finish(JobId id) {
    ++finished_;
    drop(id);
  }

  void drop(JobId id) {
    policy_.remove(id);
    jobs_.erase(id);
  }

  void expire() {
    for (const Expired& expired : policy_.expire(now_)) {
      const Job& job = jobs_.at(expired.job);
      if (expired.reason == ExpiryReason::kDeadline) {
        EXPECT_TRUE(job.deadline.passed(now_));
      } else {
        EXPECT_EQ(expired.reason, ExpiryReason::kQueueTimeout);
        EXPECT_FALSE(job.started);
        EXPECT_EQ(now_ - job.arrived, scenario_.queue_timeout);
      }
      ++expired_;
      drop(expired.job);
    }
    for (const auto& [id, job] : jobs_) {
      ASSERT_FALSE(job.deadline.passed(now_)) << "a deadline passed without a word";
    }
  }

  void check_counts() {
    std::int64_t tokens = 0;
    std::int64_t active = 0;
    for (const auto& [id, job] : jobs_) {
      for (const PairId pair : job.ready) {
        tokens += job.tokens.at(pair);
      }
      active += job.open.size() > job.ready.size() ? 1 : 0;
    }
    ASSERT_EQ(policy_.facts().queued_tokens, tokens);
    ASSERT_EQ(policy_.facts().active, active);
    ASSERT_EQ(policy_.facts().waiting, static_cast<std::int64_t>(jobs_.size()) - active);
  }

  static constexpr std::int64_t kFreshTokens = 1024;
  static constexpr Duration kTokenCost = microseconds(20);
  static constexpr Duration kChunkCost = milliseconds(1);

  const Scenario scenario_;
  std::mt19937 random_;
  BatchPolicy policy_;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  TimePoint next_tick_{};
  std::priority_queue<Event> events_;
  std::uint64_t event_count_ = 0;
  JobId last_job_ = 0;
  PairId last_pair_ = 0;
  std::uint64_t last_chunk_ = 0;
  std::map<JobId, Job> jobs_;
  std::map<std::uint64_t, std::pair<Chunk, Duration>> running_;
  int arrivals_ = 0;
  int finished_ = 0;
  int refused_ = 0;
  int expired_ = 0;
};

class BatchPolicySimulation : public ::testing::TestWithParam<Scenario> {};

TEST_P(BatchPolicySimulation, KeepsItsLaws) {
  int finished = 0;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(GetParam(), seed);
    simulation.run();
    finished += simulation.finished();
    if (::testing::Test::HasFailure()) {
      return;
    }
  }
  EXPECT_GT(finished, 300);
}

constexpr Duration kLong = std::chrono::hours(1);

INSTANTIATE_TEST_SUITE_P(
    Scenarios,
    BatchPolicySimulation,
    ::testing::Values(
        Scenario{"light", 2, false, 0.3, 0, 0, 0, 0, 1, kLong},
        Scenario{"light_micro", 2, true, 0.3, 0, 0, 0, 0, 1, kLong},
        Scenario{"bursts", 2, false, 0.7, 0, 0.1, 0, 0, 20, kLong},
        Scenario{"bursts_micro", 2, true, 0.7, 0, 0.1, 0, 0, 20, kLong},
        Scenario{"giants", 2, false, 0.9, 0.005, 0, 0, 0, 1, kLong},
        Scenario{"giants_micro", 2, true, 0.9, 0.005, 0.1, 0, 0, 1, kLong},
        Scenario{"giants_many_workers", 16, false, 0.9, 0.005, 0.1, 0, 0, 4, kLong},
        Scenario{"giant_in_a_flood", 1, false, 2, 0.002, 0, 0, 0, 1, kLong},
        Scenario{"giant_in_a_flood_micro", 1, true, 2, 0.002, 0, 0, 0, 1, kLong},
        Scenario{"overload", 1, false, 5, 0, 0, 1, 0, 1, kLong},
        Scenario{"overload_micro", 1, true, 5, 0.001, 0.1, 1, 0, 1, kLong},
        Scenario{"stalls", 2, false, 0.8, 0.001, 0.3, 0.3, 0.02, 3, milliseconds(100)},
        Scenario{"stalls_micro", 2, true, 0.8, 0.001, 0.3, 0.3, 0.02, 3, milliseconds(100)},
        Scenario{"queue_timeout", 1, false, 3, 0, 0, 0, 0.05, 5, milliseconds(50)}),
    [](const ::testing::TestParamInfo<Scenario>& info) { return info.param.name; });

// Every request has 2 s and five times too many come: what is served in time is nearly all that
// the engine can do, because what cannot be served is refused and turns do not break promises.
TEST(BatchPolicyOverload, GoodputStaysNearThePeak) {
  PolicyOptions options;
  options.workers = 1;
  BatchPolicy policy(options);
  std::mt19937 random(3);
  const int pairs = 20;
  const int tokens = 128;
  const Duration chunk_cost = milliseconds(25);     // of two pairs: a request takes 250 ms
  std::map<JobId, std::pair<TimePoint, int>> open;  // deadline, pairs left
  TimePoint now(std::chrono::hours(1));
  TimePoint next_arrival = now;
  const TimePoint end = now + std::chrono::seconds(60);
  JobId last = 0;
  int in_time = 0;
  while (now < end) {
    for (; next_arrival <= now;
         next_arrival += from_seconds(std::exponential_distribution<>(20)(random))) {
      const JobId id = ++last;
      const TimePoint deadline = next_arrival + std::chrono::seconds(2);
      if (policy.admit(
              id, Deadline::at(deadline), {pairs, std::int64_t{pairs} * tokens}, next_arrival)) {
        continue;
      }
      open[id] = {deadline, pairs};
      std::vector<ReadyPair> ready(pairs, {0, tokens});
      policy.ready(id, ready, next_arrival);
    }
    for (const Expired& expired : policy.expire(now)) {
      policy.remove(expired.job);
      open.erase(expired.job);
    }
    const auto chunk = policy.take(now);
    if (!chunk) {
      now = next_arrival;
      continue;
    }
    now += chunk_cost;
    policy.chunk_done(*chunk, chunk->tokens, chunk_cost);
    for (const Chunk::Pair& pair : chunk->pairs) {
      const auto found = open.find(pair.job);
      if (found != open.end() && --found->second.second == 0) {
        in_time += now <= found->second.first ? 1 : 0;
        policy.remove(pair.job);
        open.erase(found);
      }
    }
  }
  EXPECT_GE(in_time, 0.9 * 240);
}

}  // namespace
}  // namespace rr::schedule
