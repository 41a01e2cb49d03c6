// What is sent: lookups and re-asks, stores, releases, renewals. What comes back is handled in
// redis_sharing_answers.cpp.
#include "cache/redis_sharing.h"

#include <algorithm>

#include "cache/redis_random.h"

namespace rr::cache {

namespace {

// 90 % to 110 % of the time to live, so that what was stored together does not expire together.
Duration jittered(Duration ttl, std::uint64_t& state) {
  const double share = 0.9 + 0.2 * next_share(state);
  return Duration(static_cast<Duration::rep>(static_cast<double>(ttl.count()) * share));
}

std::uint64_t route_of(const QueryKey& query) {
  return DigestHash{}(query.digest);
}

template <typename T, typename Each>
void for_each_call(std::span<const T> all, Each each) {
  for (std::size_t done = 0; done < all.size(); done += kDocumentsPerCall) {
    each(all.subspan(done, std::min<std::size_t>(kDocumentsPerCall, all.size() - done)));
  }
}

}  // namespace

SharingProtocol::SharingProtocol(const SharingOptions& options)
    : options_(options), claims_(options.identity.lease), jitter_state_(options.seed) {}

void SharingProtocol::lookup(const QueryKey& query,
                             std::span<const Digest128> documents,
                             Deadline deadline,
                             RemoteAnswerCallback callback,
                             TimePoint now) {
  const std::uint64_t id = next_id_++;
  Lookup& lookup = lookups_[id];
  lookup.query = query;
  lookup.deadline = deadline;
  lookup.callback = std::move(callback);
  lookup.budget_left = options_.budget;
  lookup.wake_at = TimePoint::max();
  lookup.open = documents.size();
  lookup.documents.reserve(documents.size());
  std::vector<std::uint32_t> to_ask;
  to_ask.reserve(documents.size());
  for (const Digest128& digest : documents) {
    const auto index = static_cast<std::uint32_t>(lookup.documents.size());
    lookup.documents.emplace_back().digest = digest;
    waiters_.emplace(PairKey{query, digest}, Waiter{id, index});
    const auto stored = storing_.find(PairKey{query, digest});
    if (stored != storing_.end()) {
      settle_score(id, lookup, index, stored->second);
    } else if (availability_ == Availability::kUnavailable || deadline.passed(now)) {
      settle_compute(id, lookup, index);
    } else {
      to_ask.push_back(index);
    }
  }
  touched_.insert(id);
  ask(id, lookup, to_ask, now);
  finish_step();
}

void SharingProtocol::ask(std::uint64_t id,
                          Lookup& lookup,
                          std::span<const std::uint32_t> indices,
                          TimePoint now) {
  for_each_call(indices, [&](std::span<const std::uint32_t> part) {
    std::vector<Digest128> digests;
    digests.reserve(part.size());
    for (const std::uint32_t index : part) {
      digests.push_back(lookup.documents[index].digest);
    }
    const std::uint64_t call_id = next_id_;  // also the number of the claims it makes
    Pending& call =
        send(Script::kLookup,
             lookup.query,
             lookup_arguments(options_.identity, lookup.query, digests, call_id, hears_));
    call.lookup = id;
    call.indices.assign(part.begin(), part.end());
    call.claims.reserve(part.size());
    for (const std::uint32_t index : part) {
      Document& document = lookup.documents[index];
      document.state = State::kAsked;
      document.freed = false;
      document.call = call_id;
      call.claims.push_back({document.digest, call_id});
    }
    if (lookup.outstanding++ == 0) {
      lookup.outstanding_since = now;
    }
  });
}

void SharingProtocol::ask_due(std::uint64_t id, Lookup& lookup, TimePoint now) {
  std::vector<std::uint32_t> due;
  for (std::uint32_t index = 0; index < lookup.documents.size(); ++index) {
    const Document& document = lookup.documents[index];
    if (document.state == State::kElsewhere && document.ask_at <= now) {
      due.push_back(index);
    }
  }
  ask(id, lookup, due, now);
}

SharingProtocol::Pending& SharingProtocol::send(Script script,
                                                const QueryKey& query,
                                                std::vector<std::string> arguments) {
  const std::uint64_t id = next_id_++;
  calls_.push_back({id, script, route_of(query), std::move(arguments)});
  Pending& call = pending_[id];
  call.script = script;
  call.query = query;
  return call;
}

void SharingProtocol::store(const QueryKey& query,
                            std::vector<ScoredDocument> scores,
                            TimePoint now) {
  static_cast<void>(now);
  for (const auto& [document, score] : scores) {
    claims_.drop(query, document);
    settle_waiters({query, document}, score);
  }
  if (availability_ == Availability::kAvailable) {
    for_each_call(std::span<const ScoredDocument>(scores), [&](auto part) {
      Pending& call = send(
          Script::kStore,
          query,
          store_arguments(options_.identity, query, part, jittered(options_.ttl, jitter_state_)));
      call.scores.assign(part.begin(), part.end());
      for (const auto& [document, score] : part) {
        storing_[{query, document}] = score;
      }
    });
  }
  finish_step();
}

void SharingProtocol::release(const QueryKey& query,
                              std::span<const Digest128> documents,
                              TimePoint now) {
  static_cast<void>(now);
  std::vector<ClaimedDocument> claims;
  for (const Digest128& document : documents) {
    if (const auto claim = claims_.drop(query, document)) {
      claims.push_back(*claim);
    }
  }
  send_release(query, claims);
}

void SharingProtocol::start(const QueryKey& query, std::span<const Digest128> documents) {
  claims_.start(query, documents);
}

void SharingProtocol::send_release(const QueryKey& query, std::span<const ClaimedDocument> claims) {
  if (availability_ == Availability::kUnavailable) {
    return;
  }
  for_each_call(claims, [&](auto part) {
    send(Script::kRelease, query, release_arguments(options_.identity, query, part));
  });
}

void SharingProtocol::send_renewals(TimePoint now) {
  for (const ClaimTable::Due& due : claims_.take_due(now)) {
    send_release(due.query, due.release);
    if (availability_ == Availability::kUnavailable) {
      continue;
    }
    for_each_call(std::span<const ClaimedDocument>(due.renew), [&](auto part) {
      Pending& call =
          send(Script::kRenew, due.query, renew_arguments(options_.identity, due.query, part));
      call.claims.assign(part.begin(), part.end());
    });
  }
}

void SharingProtocol::count_entries() {
  if (availability_ == Availability::kUnavailable) {
    cached_entries_ = 0;
    return;
  }
  const std::int64_t added = std::exchange(added_unreported_, 0);
  send(Script::kCount, QueryKey{}, count_arguments(options_.identity, added, options_.ttl)).added =
      added;
}

void SharingProtocol::advance(TimePoint now) {
  std::vector<std::uint64_t> due;
  for (auto timer = timers_.begin(); timer != timers_.end() && timer->first <= now; ++timer) {
    due.push_back(timer->second);
  }
  for (const std::uint64_t id : due) {
    Lookup& lookup = lookups_.at(id);
    touched_.insert(id);
    const bool spent =
        lookup.outstanding > 0 && now - lookup.outstanding_since >= lookup.budget_left;
    if (spent) {
      ++counts_.timeouts;
    }
    if (spent || lookup.deadline.passed(now)) {
      give_up(id, lookup, now);
    } else {
      ask_due(id, lookup, now);
    }
  }
  send_renewals(now);
  finish_step();
}

void SharingProtocol::shut_down(TimePoint now) {
  for (auto& [id, lookup] : lookups_) {
    touched_.insert(id);
    give_up(id, lookup, now);
  }
  for (const ClaimTable::Due& due : claims_.take_all()) {
    send_release(due.query, due.release);
  }
  finish_step();
}

std::optional<TimePoint> SharingProtocol::next_wakeup() const {
  std::optional<TimePoint> wakeup = claims_.next_due();
  if (!timers_.empty() && (!wakeup || timers_.begin()->first < *wakeup)) {
    wakeup = timers_.begin()->first;
  }
  return wakeup;
}

void SharingProtocol::schedule(std::uint64_t id, Lookup& lookup) {
  TimePoint wake_at = lookup.deadline.time();
  if (lookup.outstanding > 0) {
    wake_at = std::min(wake_at, lookup.outstanding_since + lookup.budget_left);
  }
  for (const Document& document : lookup.documents) {
    if (document.state == State::kElsewhere) {
      wake_at = std::min(wake_at, document.ask_at);
    }
  }
  if (wake_at != lookup.wake_at) {
    timers_.erase({lookup.wake_at, id});
    lookup.wake_at = wake_at;
    timers_.emplace(wake_at, id);
  }
}

// Ends every public step: answers leave, timers are set for what is still open.
void SharingProtocol::finish_step() {
  for (const std::uint64_t id : std::exchange(touched_, {})) {
    const auto place = lookups_.find(id);
    if (place == lookups_.end()) {
      continue;
    }
    Lookup& lookup = place->second;
    const bool over = lookup.open == 0;
    if (over || !lookup.answers.empty()) {
      deliveries_.push_back({over ? std::move(lookup.callback) : lookup.callback,
                             std::exchange(lookup.answers, {}),
                             lookup.open});
    }
    if (over) {
      timers_.erase({lookup.wake_at, id});
      lookups_.erase(place);
    } else {
      schedule(id, lookup);
    }
  }
}

std::vector<SharingProtocol::Delivery> SharingProtocol::take_deliveries() {
  return std::exchange(deliveries_, {});
}

}  // namespace rr::cache
