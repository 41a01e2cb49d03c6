// What comes back: answers of scripts, failures, notifications, and what they settle.
#include <algorithm>

#include "cache/redis_sharing.h"

namespace rr::cache {

namespace {

constexpr Duration kLeastAskInterval = std::chrono::milliseconds(50);
// Just after a lease's end, by a server clock that counts whole milliseconds.
constexpr Duration kAfterLease = std::chrono::milliseconds(2);

}  // namespace

void SharingProtocol::settle_score(std::uint64_t id,
                                   Lookup& lookup,
                                   std::uint32_t index,
                                   const CachedScore& score) {
  lookup.answers.push_back({.index = index,
                            .kind = RemoteAnswer::Kind::kScore,
                            .joined = lookup.documents[index].waited,
                            .score = score});
  close(id, lookup, index);
}

void SharingProtocol::settle_compute(std::uint64_t id, Lookup& lookup, std::uint32_t index) {
  lookup.answers.push_back(
      {.index = index, .kind = RemoteAnswer::Kind::kCompute, .joined = false, .score = {}});
  close(id, lookup, index);
}

void SharingProtocol::close(std::uint64_t id, Lookup& lookup, std::uint32_t index) {
  Document& document = lookup.documents[index];
  document.state = State::kDone;
  --lookup.open;
  const auto [first, last] = waiters_.equal_range({lookup.query, document.digest});
  const auto waiter = std::find_if(first, last, [&](const auto& entry) {
    return entry.second.lookup == id && entry.second.index == index;
  });
  waiters_.erase(waiter);
}

// What is left of the request is computed here. Claims whose answer is out may still be granted.
void SharingProtocol::give_up(std::uint64_t id, Lookup& lookup, TimePoint now) {
  for (std::uint32_t index = 0; index < lookup.documents.size(); ++index) {
    const Document& document = lookup.documents[index];
    if (document.state == State::kDone) {
      continue;
    }
    if (document.state == State::kAsked) {
      claims_.expect(lookup.query, {document.digest, document.call}, now);
    }
    settle_compute(id, lookup, index);
  }
}

void SharingProtocol::settle_waiters(const PairKey& pair, const CachedScore& score) {
  for (auto waiter = waiters_.find(pair); waiter != waiters_.end(); waiter = waiters_.find(pair)) {
    const auto [id, index] = waiter->second;
    Lookup& lookup = lookups_.at(id);
    lookup.documents[index].waited = true;
    settle_score(id, lookup, index, score);
    touched_.insert(id);
  }
}

void SharingProtocol::free_waiters(const PairKey& pair, TimePoint now) {
  const auto [first, last] = waiters_.equal_range(pair);
  for (auto waiter = first; waiter != last; ++waiter) {
    const auto [id, index] = waiter->second;
    Document& document = lookups_.at(id).documents[index];
    document.freed = true;
    document.ask_at = now;
    touched_.insert(id);
  }
}

void SharingProtocol::on_notification(std::string_view payload, TimePoint now) {
  const auto message = decode_notification(payload);
  if (!message) {
    ++counts_.corrupt_replies;
    return;
  }
  for (const Notification::Entry& entry : message->entries) {
    const PairKey pair{message->query, entry.document};
    if (entry.score) {
      settle_waiters(pair, *entry.score);
    } else {
      free_waiters(pair, now);
    }
  }
  std::vector<std::uint64_t> changed(touched_.begin(), touched_.end());
  for (const std::uint64_t id : changed) {
    ask_due(id, lookups_.at(id), now);
  }
  finish_step();
}

void SharingProtocol::set_hears(Hears hears, TimePoint now) {
  const bool began = hears == Hears::kYes && hears_ == Hears::kNo;
  hears_ = hears;
  if (!began) {
    return;
  }
  // Whatever was published meanwhile was missed: ask, and leave our channel this time.
  for (auto& [id, lookup] : lookups_) {
    for (Document& document : lookup.documents) {
      document.ask_at = now;
      document.freed = true;  // what is asked now was asked without a channel: once more then
    }
    ask_due(id, lookup, now);
    touched_.insert(id);
  }
  finish_step();
}

void SharingProtocol::set_available(Availability availability, TimePoint now) {
  availability_ = availability;
  if (availability == Availability::kAvailable) {
    return;
  }
  for (auto& [id, lookup] : lookups_) {
    give_up(id, lookup, now);
    touched_.insert(id);
  }
  finish_step();
}

void SharingProtocol::on_reply(std::uint64_t call_id, const RespValue& reply, TimePoint now) {
  auto node = pending_.extract(call_id);
  if (node.empty()) {
    return;
  }
  const Pending& call = node.mapped();
  switch (call.script) {
    case Script::kLookup:
      on_lookup_reply(call, call_id, reply, now);
      break;
    case Script::kStore:
      on_store_reply(call, reply);
      break;
    case Script::kRenew:
      on_renew_reply(call, reply);
      break;
    case Script::kCount:
      on_count_reply(reply);
      break;
    case Script::kRelease: {
      const auto decoded = decode_number(reply);
      count_failure(decoded.status());
      break;
    }
  }
  finish_step();
}

void SharingProtocol::on_failed(std::uint64_t call_id, TimePoint now) {
  auto node = pending_.extract(call_id);
  if (node.empty()) {
    return;
  }
  const Pending& call = node.mapped();
  if (call.script == Script::kLookup) {
    lookup_without_answer(call, call_id, now);
  }
  for (const auto& [document, score] : call.scores) {
    storing_.erase({call.query, document});
  }
  added_unreported_ += call.added;
  finish_step();
}

void SharingProtocol::end_outstanding(std::uint64_t id, TimePoint now) {
  const auto lookup = lookups_.find(id);
  if (lookup == lookups_.end()) {
    return;
  }
  touched_.insert(id);
  if (--lookup->second.outstanding == 0) {
    lookup->second.budget_left -= now - lookup->second.outstanding_since;
  }
}

void SharingProtocol::lookup_without_answer(const Pending& call,
                                            std::uint64_t call_id,
                                            TimePoint now) {
  end_outstanding(call.lookup, now);
  const auto place = lookups_.find(call.lookup);
  if (place == lookups_.end()) {
    return;
  }
  Lookup& lookup = place->second;
  for (const std::uint32_t index : call.indices) {
    const Document& document = lookup.documents[index];
    if (document.state == State::kAsked && document.call == call_id) {
      claims_.expect(lookup.query, {document.digest, call_id}, now);
      settle_compute(call.lookup, lookup, index);
    }
  }
}

void SharingProtocol::on_lookup_reply(const Pending& call,
                                      std::uint64_t call_id,
                                      const RespValue& reply,
                                      TimePoint now) {
  const auto decoded = decode_lookup(reply, call.claims.size());
  if (!decoded.ok()) {
    count_failure(decoded.status());
    lookup_without_answer(call, call_id, now);
    return;
  }
  if (!decoded->refusal.empty()) {
    ++counts_.error_replies;
  }
  end_outstanding(call.lookup, now);
  for (std::size_t i = 0; i < call.claims.size(); ++i) {
    on_lookup_entry(call, call_id, i, decoded->entries[i], now);
  }
  if (const auto place = lookups_.find(call.lookup); place != lookups_.end()) {
    ask_due(call.lookup, place->second, now);
  }
}

void SharingProtocol::on_lookup_entry(const Pending& call,
                                      std::uint64_t call_id,
                                      std::size_t position,
                                      const LookupEntry& entry,
                                      TimePoint now) {
  const ClaimedDocument& claim = call.claims[position];
  const bool granted =
      entry.kind == LookupEntry::Kind::kClaimed || entry.kind == LookupEntry::Kind::kTakenOver;
  if (granted) {
    ++counts_.claimed;
    counts_.taken_over += entry.kind == LookupEntry::Kind::kTakenOver ? 1 : 0;
  }
  const auto place = lookups_.find(call.lookup);
  const std::uint32_t index = call.indices[position];
  if (place == lookups_.end() || place->second.documents[index].state != State::kAsked ||
      place->second.documents[index].call != call_id) {
    if (granted) {
      on_late_claim(call, claim, now);
    }
    return;
  }
  Lookup& lookup = place->second;
  Document& document = lookup.documents[index];
  const bool first_answer = !document.waited;
  const bool hit = entry.kind == LookupEntry::Kind::kScore;
  counts_.hits += first_answer && hit ? 1 : 0;
  counts_.misses += first_answer && !hit ? 1 : 0;
  if (hit) {
    settle_score(call.lookup, lookup, index, entry.score);
  } else if (entry.kind == LookupEntry::Kind::kElsewhere) {
    counts_.waited += first_answer ? 1 : 0;
    on_elsewhere(document, entry.lease_left, now);
  } else {
    if (granted) {
      claims_.grant(call.query, claim, now);
    }
    settle_compute(call.lookup, lookup, index);
  }
}

// Ours if it is still wanted here, else given back to whoever waits.
void SharingProtocol::on_late_claim(const Pending& call,
                                    const ClaimedDocument& claim,
                                    TimePoint now) {
  if (claims_.is_current(call.query, claim)) {
    claims_.grant(call.query, claim, now);
  } else {
    send_release(call.query, std::span(&claim, 1));
  }
}

void SharingProtocol::on_elsewhere(Document& document, Duration lease_left, TimePoint now) {
  document.state = State::kElsewhere;
  document.waited = true;
  const Duration left = std::min(lease_left, options_.identity.lease);
  document.ask_at = document.freed
                        ? now
                        : now + std::min(std::max(left / 2, kLeastAskInterval), left + kAfterLease);
}

void SharingProtocol::on_store_reply(const Pending& call, const RespValue& reply) {
  for (const auto& [document, score] : call.scores) {
    storing_.erase({call.query, document});
  }
  const auto decoded = decode_number(reply);
  if (!decoded.ok()) {
    count_failure(decoded.status());
    return;
  }
  counts_.error_replies += decoded->refusal.empty() ? 0 : 1;
  added_unreported_ += std::clamp<std::int64_t>(decoded->number, 0, kDocumentsPerCall);
}

void SharingProtocol::on_renew_reply(const Pending& call, const RespValue& reply) {
  const auto decoded = decode_renew(reply, call.claims.size());
  if (!decoded.ok()) {
    count_failure(decoded.status());
    return;
  }
  counts_.error_replies += decoded->refusal.empty() ? 0 : 1;
  for (std::size_t i = 0; i < call.claims.size(); ++i) {
    if (!decoded->kept[i] && claims_.lose(call.query, call.claims[i])) {
      ++counts_.lost;
    }
  }
}

void SharingProtocol::on_count_reply(const RespValue& reply) {
  const auto decoded = decode_number(reply);
  if (!decoded.ok()) {
    count_failure(decoded.status());
    return;
  }
  cached_entries_ = static_cast<std::uint64_t>(std::max<std::int64_t>(decoded->number, 0));
}

void SharingProtocol::count_failure(const Status& status) {
  if (status.code() == Code::kCorrupt) {
    ++counts_.corrupt_replies;
  } else if (!status.ok()) {
    ++counts_.error_replies;
  }
}

}  // namespace rr::cache
