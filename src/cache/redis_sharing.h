// The protocol by which servers share scores through Redis, without sockets or threads: requests
// come in from above, script answers and notifications from below, time with every call; what comes
// out are script calls to send and answers to deliver. Meaning and races:
// docs/decisions/015-redis-protocol.md.
//   - a document is registered as waited for before its claim is sent, so that a notification that
//     comes before the claim's answer settles it;
//   - a document that is computed elsewhere is asked for again at half its lease, just after its
//     end, when it is freed and when the subscription comes (back);
//   - a request never has commands outstanding for more than `budget` in all: then, or when Redis
//     becomes unavailable, what is left is answered kCompute;
//   - a claim whose answer is late counts as ours, and is released if nobody wants it any more.
// Not thread-safe: lives on the Redis loop. Cost: about 1 us a document. Tested by
// redis_sharing_test.cpp and, as three servers with faults, redis_sharing_simulation_test.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "cache/redis_claims.h"
#include "cache/redis_codec.h"
#include "cache/score_cache.h"

namespace rr::cache {

struct SharingOptions {
  SharingIdentity identity;
  Duration budget{};  // of one request with commands outstanding
  Duration ttl{};     // of a query's scores, before jitter
  std::uint64_t seed = 0;
};

// Counted since the start.
struct SharingCounts {
  std::uint64_t hits = 0;    // pairs that Redis had at once
  std::uint64_t misses = 0;  // pairs that it had not
  std::uint64_t claimed = 0;
  std::uint64_t taken_over = 0;
  std::uint64_t waited = 0;
  std::uint64_t lost = 0;
  std::uint64_t timeouts = 0;       // requests that used up their budget
  std::uint64_t error_replies = 0;  // errors and refused writes
  std::uint64_t corrupt_replies = 0;
};

enum class Availability { kUnavailable, kAvailable };

class SharingProtocol {
 public:
  explicit SharingProtocol(const SharingOptions& options);

  void lookup(const QueryKey& query,
              std::span<const Digest128> documents,
              Deadline deadline,
              RemoteAnswerCallback callback,
              TimePoint now);
  void store(const QueryKey& query, std::vector<ScoredDocument> scores, TimePoint now);
  void release(const QueryKey& query, std::span<const Digest128> documents, TimePoint now);
  void start(const QueryKey& query, std::span<const Digest128> documents);
  // Once a second: asks for the number of entries and adds what was stored here.
  void count_entries();
  // Releases every claim; every open lookup is answered kCompute.
  void shut_down(TimePoint now);

  // An answer of Redis, or the news that none will come.
  void on_reply(std::uint64_t call_id, const RespValue& reply, TimePoint now);
  void on_failed(std::uint64_t call_id, TimePoint now);
  void on_notification(std::string_view payload, TimePoint now);
  void set_hears(Hears hears, TimePoint now);
  void set_available(Availability availability, TimePoint now);
  void advance(TimePoint now);

  struct Delivery {
    RemoteAnswerCallback callback;
    std::vector<RemoteAnswer> answers;
    std::size_t waiting = 0;
  };
  std::vector<ScriptCall> take_calls() { return std::exchange(calls_, {}); }
  std::vector<Delivery> take_deliveries();
  std::optional<TimePoint> next_wakeup() const;
  const SharingCounts& counts() const { return counts_; }
  std::uint64_t cached_entries() const { return cached_entries_; }
  std::size_t open_lookups() const { return lookups_.size(); }

 private:
  enum class State { kAsked, kElsewhere, kDone };
  struct Document {
    Digest128 digest;
    State state = State::kAsked;
    bool freed = false;   // its answer is out of date already: ask again at once
    bool waited = false;  // has been computed elsewhere at some time
    std::uint64_t call = 0;
    TimePoint ask_at;
  };
  struct Lookup {
    QueryKey query;
    std::vector<Document> documents;
    Deadline deadline = Deadline::never();
    RemoteAnswerCallback callback;
    std::size_t open = 0;
    int outstanding = 0;
    TimePoint outstanding_since;
    Duration budget_left{};
    TimePoint wake_at;
    std::vector<RemoteAnswer> answers;
  };
  struct Pending {  // a call that Redis has not answered
    Script script = Script::kLookup;
    QueryKey query;
    std::uint64_t lookup = 0;
    std::vector<std::uint32_t> indices;   // kLookup: into the lookup's documents
    std::vector<ClaimedDocument> claims;  // kLookup, kRenew
    std::vector<ScoredDocument> scores;   // kStore
    std::int64_t added = 0;               // kCount
  };
  struct Waiter {
    std::uint64_t lookup = 0;
    std::uint32_t index = 0;
  };
  using Waiters = std::unordered_multimap<PairKey, Waiter, PairKeyHash>;

  // Sending (redis_sharing.cpp).
  Pending& send(Script script, const QueryKey& query, std::vector<std::string> arguments);
  void ask(std::uint64_t id, Lookup& lookup, std::span<const std::uint32_t> indices, TimePoint now);
  void ask_due(std::uint64_t id, Lookup& lookup, TimePoint now);
  void send_release(const QueryKey& query, std::span<const ClaimedDocument> claims);
  void send_renewals(TimePoint now);

  // Settling (redis_sharing_answers.cpp).
  void settle_score(std::uint64_t id,
                    Lookup& lookup,
                    std::uint32_t index,
                    const CachedScore& score);
  void settle_compute(std::uint64_t id, Lookup& lookup, std::uint32_t index);
  void close(std::uint64_t id, Lookup& lookup, std::uint32_t index);
  void expect_claims(const Lookup& lookup, TimePoint now);
  void give_up(std::uint64_t id, Lookup& lookup, TimePoint now);
  void settle_waiters(const PairKey& pair, const CachedScore& score);
  void free_waiters(const PairKey& pair, TimePoint now);

  void on_lookup_reply(const Pending& call,
                       std::uint64_t id,
                       const RespValue& reply,
                       TimePoint now);
  void on_lookup_entry(const Pending& call,
                       std::uint64_t call_id,
                       std::size_t position,
                       const LookupEntry& entry,
                       TimePoint now);
  void on_late_claim(const Pending& call, const ClaimedDocument& claim, TimePoint now);
  void on_elsewhere(Document& document, Duration lease_left, TimePoint now);
  void on_store_reply(const Pending& call, const RespValue& reply);
  void on_renew_reply(const Pending& call, const RespValue& reply);
  void on_count_reply(const RespValue& reply);
  void count_failure(const Status& status);
  void lookup_without_answer(const Pending& call, std::uint64_t call_id, TimePoint now);
  void end_outstanding(std::uint64_t id, TimePoint now);
  void schedule(std::uint64_t id, Lookup& lookup);
  void finish_step();

  SharingOptions options_;
  ClaimTable claims_;
  Availability availability_ = Availability::kUnavailable;
  Hears hears_ = Hears::kNo;
  std::uint64_t next_id_ = 1;  // of calls, claims and lookups
  std::uint64_t jitter_state_;
  std::unordered_map<std::uint64_t, Lookup> lookups_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  Waiters waiters_;
  // Scores whose store is not acknowledged: served from here, lest they be claimed again.
  std::unordered_map<PairKey, CachedScore, PairKeyHash> storing_;
  std::set<std::pair<TimePoint, std::uint64_t>> timers_;  // of lookups
  std::set<std::uint64_t> touched_;                       // lookups with answers to deliver
  std::vector<ScriptCall> calls_;
  std::vector<Delivery> deliveries_;
  SharingCounts counts_;
  std::int64_t added_unreported_ = 0;
  std::uint64_t cached_entries_ = 0;
};

}  // namespace rr::cache
