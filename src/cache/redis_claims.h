// The leases that this server holds on pairs it is going to score, and when each must be renewed or
// given up. Pure: time comes in with every call.
//   - granted claims are renewed three times a lease, by query, as long as the engine works on
//   them;
//   - a claim whose scoring has not begun is renewed for one lease and then given up, so that a
//     server with a long queue does not hold work that another could do;
//   - an expected claim is one whose answer has not come: ours if it comes late.
// Not thread-safe. Cost: one hash lookup a document. Tested by redis_claims_test.cpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cache/redis_codec.h"

namespace rr::cache {

class ClaimTable {
 public:
  explicit ClaimTable(Duration lease) : lease_(lease) {}

  void expect(const QueryKey& query, const ClaimedDocument& claim, TimePoint now);
  void grant(const QueryKey& query, const ClaimedDocument& claim, TimePoint now);
  // Whether the claim on the document is still this one.
  bool is_current(const QueryKey& query, const ClaimedDocument& claim) const;
  void start(const QueryKey& query, std::span<const Digest128> documents);

  // Forgets the claim on a document; what it was, to release it.
  std::optional<ClaimedDocument> drop(const QueryKey& query, const Digest128& document);
  // Forgets it only if it is still this one; whether it was.
  bool lose(const QueryKey& query, const ClaimedDocument& claim);

  struct Due {
    QueryKey query;
    std::vector<ClaimedDocument> renew;
    std::vector<ClaimedDocument> release;  // forgotten already
  };
  std::vector<Due> take_due(TimePoint now);
  // Everything held, as to be released: for the end of the process.
  std::vector<Due> take_all();
  std::optional<TimePoint> next_due() const;
  std::size_t size() const { return size_; }

 private:
  enum class State { kExpected, kQueued, kStarted };
  struct Claim {
    std::uint64_t number = 0;
    State state = State::kQueued;
    TimePoint since;
  };
  struct Group {
    std::unordered_map<Digest128, Claim, DigestHash> claims;
    TimePoint renew_at;
  };

  void put(const QueryKey& query, const ClaimedDocument& claim, State state, TimePoint now);
  Claim* find(const QueryKey& query, const Digest128& document);
  const Claim* find(const QueryKey& query, const Digest128& document) const;
  void schedule(const QueryKey& query, Group& group, TimePoint at);
  void erase_group(const QueryKey& query);

  Duration lease_;
  std::map<QueryKey, Group> groups_;
  std::set<std::pair<TimePoint, QueryKey>> timers_;
  std::size_t size_ = 0;
};

}  // namespace rr::cache
