// Three servers with one slot each and a Redis of one process, in simulated time. A thousand seeds
// mix crossed pairs, slow and lost answers, lost and late notifications, a refusing Redis and a
// server that dies. What must hold in every one:
//   - every pair of every request of a living server is answered;
//   - a pair is not waited for longer than one lease after its owner's last sign of life;
//   - without faults nobody begins a pair while another computes it under a live lease, and every
//     pair is computed once.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <random>

#include "cache/redis_script_model.h"
#include "cache/redis_sharing.h"

namespace rr::cache {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kLeaseMs = 200;
constexpr std::int64_t kDelayMaxMs = 12;  // of a call, of an answer
constexpr int kPairs = 9;
constexpr std::int64_t kHere = -1;  // in the engine's hands, so not waiting for another server
constexpr int kRequestsPerServer = 6;

struct Faults {
  std::int64_t budget_ms = 100;
  double lost_answers = 0;
  double lost_messages = 0;
  std::int64_t message_delay_ms = kDelayMaxMs;
  bool one_dies = false;
  bool writes_refused_later = false;
};

std::string raw(const Digest128& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), 16};
}

class Fleet;

struct Request {
  std::vector<int> pairs;
  std::map<int, std::int64_t> open;  // pair -> since when it is waited for, or kHere
};

class SimServer {
 public:
  SimServer(Fleet& fleet, int number);
  void take(const std::shared_ptr<Request>& request);
  void pump();
  void on_notification(const std::string& payload);
  void die() { alive_ = false; }
  bool alive() const { return alive_; }
  const std::vector<std::shared_ptr<Request>>& requests() const { return requests_; }
  int computing() const { return computing_; }

  SharingProtocol protocol;

 private:
  struct Job {
    int pair = 0;
    std::int64_t since = 0;
  };
  enum class Place { kElsewhere, kHere };
  void look_up(const std::vector<int>& pairs);
  void put(int pair, Place place);
  void on_answers(const std::vector<int>& pairs, std::span<const RemoteAnswer> answers);
  void settle(int pair);
  void begin_next();
  void send(const ScriptCall& call);

  Fleet& fleet_;
  int number_;
  bool alive_ = true;
  int computing_ = -1;
  std::deque<Job> queue_;
  std::map<int, Place> in_flight_;
  std::vector<std::shared_ptr<Request>> requests_;
  std::int64_t last_call_ms_ = 0;
  std::int64_t last_answer_ms_ = 0;
};

class Fleet {
 public:
  Fleet(std::uint64_t seed, const Faults& faults) : faults_(faults), random_(seed) {
    for (int i = 0; i < 3; ++i) {
      servers_.push_back(std::make_unique<SimServer>(*this, i));
    }
  }

  void run() {
    plan_requests();
    while (!events_.empty() || next_wakeup() < kEndMs) {
      const std::int64_t event = events_.empty() ? kEndMs : events_.begin()->first;
      now_ms_ = std::max(now_ms_, std::min(event, next_wakeup()));
      ASSERT_LT(now_ms_, kEndMs) << "the fleet did not come to rest";
      while (!events_.empty() && events_.begin()->first <= now_ms_) {
        auto action = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        action();
      }
      for (auto& server : servers_) {
        server->pump();
      }
      check_waits();
    }
    for (auto& server : servers_) {
      for (const auto& request : server->requests()) {
        EXPECT_TRUE(!server->alive() || request->open.empty()) << "a pair was never answered";
      }
    }
  }

  void at(std::int64_t ms, std::function<void()> action) { events_.emplace(ms, std::move(action)); }
  std::int64_t random_ms(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool happens(double probability) { return std::bernoulli_distribution(probability)(random_); }

  // A server begins a pair: who else computes it under a live lease of theirs?
  void note_begin(int server, int pair) {
    ++computed_[pair];
    if (!fault_free()) {
      return;
    }
    const auto* lease = redis.lease(key, raw(documents[pair]));
    for (int other = 0; other < 3; ++other) {
      const bool holds = lease != nullptr && lease->ends_ms > now_ms_ &&
                         lease->holder.starts_with(std::to_string(other) + "f.");
      EXPECT_FALSE(other != server && servers_[other]->computing() == pair && holds)
          << "pair " << pair << " is computed twice within a live lease";
    }
  }

  void publish() {
    for (auto& [channel, payload] : redis.take_published()) {
      if (happens(faults_.lost_messages)) {
        continue;
      }
      const int to = channel[channel.size() - 2] - '0';
      at(now_ms_ + random_ms(1, faults_.message_delay_ms),
         [this, to, payload = payload] { servers_[to]->on_notification(payload); });
    }
  }

  bool fault_free() const {
    return faults_.lost_answers == 0 && faults_.lost_messages == 0 && !faults_.one_dies &&
           !faults_.writes_refused_later;
  }
  const Faults& faults() const { return faults_; }
  const std::map<int, int>& computed() const { return computed_; }
  std::int64_t now_ms() const { return now_ms_; }
  TimePoint now() const { return TimePoint(milliseconds(now_ms_)); }

  RedisScriptModel redis;
  const QueryKey query{digest128("q")};
  const std::string key = "s:1:{" + digest128("q").hex() + "}";
  std::vector<Digest128> documents = [] {
    std::vector<Digest128> made;
    made.reserve(kPairs);
    for (int i = 0; i < kPairs; ++i) {
      made.push_back(digest128(std::to_string(i)));
    }
    return made;
  }();

 private:
  static constexpr std::int64_t kEndMs = 60'000;

  void plan_requests() {
    now_ms_ = 1000;
    for (int i = 0; i < 3 * kRequestsPerServer; ++i) {
      auto request = std::make_shared<Request>();
      request->pairs.resize(kPairs);
      std::iota(request->pairs.begin(), request->pairs.end(), 0);
      std::shuffle(request->pairs.begin(), request->pairs.end(), random_);  // crossed pairs
      request->pairs.resize(static_cast<std::size_t>(random_ms(1, kPairs)));
      at(now_ms_ + random_ms(1, 400), [this, i, request] { servers_[i % 3]->take(request); });
    }
    if (faults_.one_dies) {
      at(now_ms_ + random_ms(20, 600), [this] { servers_[0]->die(); });
    }
    if (faults_.writes_refused_later) {
      at(now_ms_ + random_ms(20, 600),
         [this] { redis.set_writes(RedisScriptModel::Writes::kRefused); });
    }
  }

  std::int64_t next_wakeup() const {
    std::int64_t soonest = kEndMs;
    for (const auto& server : servers_) {
      const auto wakeup = server->protocol.next_wakeup();
      if (server->alive() && wakeup) {
        // Rounded up, so that time moves.
        const auto since_start = wakeup->time_since_epoch() + milliseconds(1) - Duration(1);
        soonest = std::min<std::int64_t>(soonest, since_start / milliseconds(1));
      }
    }
    return soonest;
  }

  void check_waits() {
    const std::int64_t slack_ms = 2 + 4 * kDelayMaxMs;
    for (const auto& server : servers_) {
      if (!server->alive()) {
        continue;
      }
      for (const auto& [pair, since] : waiting_of(*server)) {
        const std::int64_t sign = redis.last_sign_ms(key, raw(documents[pair]));
        EXPECT_LE(now_ms_ - std::max(sign, since), kLeaseMs + slack_ms)
            << "pair " << pair << " waits too long";
      }
    }
  }

  static std::map<int, std::int64_t> waiting_of(const SimServer& server) {
    std::map<int, std::int64_t> waiting;
    for (const auto& request : server.requests()) {
      for (const auto& [pair, since] : request->open) {
        if (since != kHere) {
          waiting[pair] = since;
        }
      }
    }
    return waiting;
  }

  Faults faults_;
  std::mt19937_64 random_;
  std::int64_t now_ms_ = 0;
  std::multimap<std::int64_t, std::function<void()>> events_;
  std::vector<std::unique_ptr<SimServer>> servers_;
  std::map<int, int> computed_;
};

SimServer::SimServer(Fleet& fleet, int number)
    : protocol({.identity = {.key_prefix = "s",
                             .fingerprint = "fp",
                             .owner = std::to_string(number) + "f",
                             .lease = milliseconds(kLeaseMs)},
                .budget = milliseconds(fleet.faults().budget_ms),
                .ttl = std::chrono::seconds(600),
                .seed = static_cast<std::uint64_t>(number)}),
      fleet_(fleet),
      number_(number) {
  protocol.set_available(Availability::kAvailable, fleet.now());
  protocol.set_hears(Hears::kYes, fleet.now());
}

void SimServer::take(const std::shared_ptr<Request>& request) {
  requests_.push_back(request);
  std::vector<int> unknown;
  for (const int pair : request->pairs) {
    const auto [place, is_new] = in_flight_.emplace(pair, Place::kElsewhere);
    request->open[pair] = place->second == Place::kHere ? kHere : fleet_.now_ms();
    if (is_new) {
      unknown.push_back(pair);
    }
  }
  look_up(unknown);
}

void SimServer::look_up(const std::vector<int>& pairs) {
  std::vector<Digest128> digests;
  digests.reserve(pairs.size());
  for (const int pair : pairs) {
    digests.push_back(fleet_.documents[pair]);
  }
  protocol.lookup(
      fleet_.query,
      digests,
      Deadline::never(),
      [this, pairs](std::span<const RemoteAnswer> answers, std::size_t) {
        on_answers(pairs, answers);
      },
      fleet_.now());
}

void SimServer::on_answers(const std::vector<int>& pairs, std::span<const RemoteAnswer> answers) {
  for (const RemoteAnswer& answer : answers) {
    const int pair = pairs[answer.index];
    if (answer.kind == RemoteAnswer::Kind::kScore) {
      EXPECT_EQ(answer.score.logit, static_cast<float>(pair));
      settle(pair);
      continue;
    }
    put(pair, Place::kHere);
    queue_.push_back({pair, fleet_.now_ms()});
  }
  begin_next();
}

// Whoever wants the pair waits for the engine here, or from now on for another server.
void SimServer::put(int pair, Place place) {
  in_flight_[pair] = place;
  for (auto& request : requests_) {
    if (const auto open = request->open.find(pair); open != request->open.end()) {
      open->second = place == Place::kHere ? kHere : fleet_.now_ms();
    }
  }
}

void SimServer::settle(int pair) {
  in_flight_.erase(pair);
  for (auto& request : requests_) {
    request->open.erase(pair);
  }
}

// A pair that stood in the queue for a lease has lost its claim: its turn asks again.
void SimServer::begin_next() {
  while (computing_ < 0 && !queue_.empty() && alive_) {
    const Job job = queue_.front();
    queue_.pop_front();
    if (fleet_.now_ms() - job.since >= kLeaseMs) {
      put(job.pair, Place::kElsewhere);
      look_up({job.pair});
      continue;
    }
    fleet_.note_begin(number_, job.pair);
    computing_ = job.pair;
    protocol.start(fleet_.query, std::array{fleet_.documents[job.pair]});
    fleet_.at(fleet_.now_ms() + fleet_.random_ms(5, 2 * kLeaseMs), [this, pair = job.pair] {
      if (!alive_) {
        return;
      }
      computing_ = -1;
      protocol.store(fleet_.query,
                     {{fleet_.documents[pair], {static_cast<float>(pair), false}}},
                     fleet_.now());
      settle(pair);
      begin_next();
    });
  }
}

void SimServer::on_notification(const std::string& payload) {
  if (alive_) {
    protocol.on_notification(payload, fleet_.now());
  }
}

void SimServer::send(const ScriptCall& call) {
  last_call_ms_ = std::max(last_call_ms_, fleet_.now_ms() + fleet_.random_ms(1, kDelayMaxMs));
  fleet_.at(last_call_ms_, [this, call] {
    const RespValue reply = fleet_.redis.run(call, fleet_.now_ms());
    fleet_.publish();
    const bool lost = fleet_.happens(fleet_.faults().lost_answers);
    last_answer_ms_ = std::max(last_answer_ms_, fleet_.now_ms() + fleet_.random_ms(1, kDelayMaxMs));
    fleet_.at(last_answer_ms_, [this, call, reply, lost] {
      if (!alive_) {
        return;
      }
      if (lost) {
        protocol.on_failed(call.id, fleet_.now());
      } else {
        protocol.on_reply(call.id, reply, fleet_.now());
      }
    });
  });
}

void SimServer::pump() {
  if (!alive_) {
    return;
  }
  protocol.advance(fleet_.now());
  for (auto deliveries = protocol.take_deliveries(); !deliveries.empty();
       deliveries = protocol.take_deliveries()) {
    for (auto& delivery : deliveries) {
      delivery.callback(delivery.answers, delivery.waiting);
    }
  }
  for (const ScriptCall& call : protocol.take_calls()) {
    send(call);
  }
}

Faults faults_of(std::uint64_t seed) {
  switch (seed % 5) {
    case 0:  // enough for every time that a long wait asks
      return {.budget_ms = 10'000};
    case 1:
      return {.lost_messages = 0.3, .message_delay_ms = 150};
    case 2:
      return {.lost_answers = 0.1};
    case 3:
      return {.one_dies = true};
    default:
      return {.lost_answers = 0.05,
              .lost_messages = 0.2,
              .message_delay_ms = 100,
              .one_dies = true,
              .writes_refused_later = true};
  }
}

TEST(SharingSimulation, AThousandSeedsKeepTheProtocolsPromises) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Fleet fleet(seed, faults_of(seed));
    fleet.run();
    if (fleet.fault_free()) {
      for (const auto& [pair, times] : fleet.computed()) {
        EXPECT_EQ(times, 1) << "pair " << pair;
      }
    }
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace rr::cache
