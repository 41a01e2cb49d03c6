#include "cache/redis_claims.h"

namespace rr::cache {

namespace {

constexpr int kRenewalsPerLease = 3;

}  // namespace

void ClaimTable::expect(const QueryKey& query, const ClaimedDocument& claim, TimePoint now) {
  put(query, claim, State::kExpected, now);
}

void ClaimTable::grant(const QueryKey& query, const ClaimedDocument& claim, TimePoint now) {
  put(query, claim, State::kQueued, now);
}

void ClaimTable::put(const QueryKey& query,
                     const ClaimedDocument& claim,
                     State state,
                     TimePoint now) {
  auto [group, is_new] = groups_.try_emplace(query);
  if (is_new) {
    schedule(query, group->second, now + lease_ / kRenewalsPerLease);
  }
  const auto [place, added] =
      group->second.claims.try_emplace(claim.document, Claim{claim.number, state, now});
  if (added) {
    ++size_;
    return;
  }
  // Scoring that began before its claim was confirmed has still begun.
  const bool was_started = place->second.state == State::kStarted;
  place->second = Claim{claim.number, was_started ? State::kStarted : state, now};
}

const ClaimTable::Claim* ClaimTable::find(const QueryKey& query, const Digest128& document) const {
  const auto group = groups_.find(query);
  if (group == groups_.end()) {
    return nullptr;
  }
  const auto claim = group->second.claims.find(document);
  return claim == group->second.claims.end() ? nullptr : &claim->second;
}

ClaimTable::Claim* ClaimTable::find(const QueryKey& query, const Digest128& document) {
  return const_cast<Claim*>(std::as_const(*this).find(query, document));
}

bool ClaimTable::is_current(const QueryKey& query, const ClaimedDocument& claim) const {
  const Claim* found = find(query, claim.document);
  return found != nullptr && found->number == claim.number;
}

void ClaimTable::start(const QueryKey& query, std::span<const Digest128> documents) {
  for (const Digest128& document : documents) {
    if (Claim* claim = find(query, document)) {
      claim->state = State::kStarted;
    }
  }
}

std::optional<ClaimedDocument> ClaimTable::drop(const QueryKey& query, const Digest128& document) {
  const Claim* claim = find(query, document);
  if (claim == nullptr) {
    return std::nullopt;
  }
  const ClaimedDocument dropped{document, claim->number};
  Group& group = groups_.find(query)->second;
  group.claims.erase(document);
  --size_;
  if (group.claims.empty()) {
    erase_group(query);
  }
  return dropped;
}

bool ClaimTable::lose(const QueryKey& query, const ClaimedDocument& claim) {
  return is_current(query, claim) && drop(query, claim.document).has_value();
}

std::vector<ClaimTable::Due> ClaimTable::take_due(TimePoint now) {
  std::vector<Due> due;
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const QueryKey query = timers_.begin()->second;
    Group& group = groups_.find(query)->second;
    Due& work = due.emplace_back(Due{query, {}, {}});
    for (auto claim = group.claims.begin(); claim != group.claims.end();) {
      const bool began = claim->second.state == State::kStarted;
      const bool over = !began && now - claim->second.since >= lease_;
      const ClaimedDocument document{claim->first, claim->second.number};
      if (over) {
        work.release.push_back(document);
        claim = group.claims.erase(claim);
        --size_;
        continue;
      }
      if (claim->second.state != State::kExpected) {
        work.renew.push_back(document);
      }
      ++claim;
    }
    if (group.claims.empty()) {
      erase_group(query);
    } else {
      schedule(query, group, now + lease_ / kRenewalsPerLease);
    }
  }
  return due;
}

std::vector<ClaimTable::Due> ClaimTable::take_all() {
  std::vector<Due> all;
  for (const auto& [query, group] : groups_) {
    Due& work = all.emplace_back(Due{query, {}, {}});
    for (const auto& [document, claim] : group.claims) {
      work.release.push_back({document, claim.number});
    }
  }
  groups_.clear();
  timers_.clear();
  size_ = 0;
  return all;
}

std::optional<TimePoint> ClaimTable::next_due() const {
  if (timers_.empty()) {
    return std::nullopt;
  }
  return timers_.begin()->first;
}

void ClaimTable::schedule(const QueryKey& query, Group& group, TimePoint at) {
  timers_.erase({group.renew_at, query});
  group.renew_at = at;
  timers_.emplace(at, query);
}

void ClaimTable::erase_group(const QueryKey& query) {
  const auto group = groups_.find(query);
  timers_.erase({group->second.renew_at, query});
  groups_.erase(group);
}

}  // namespace rr::cache
