#include "schedule/fair_queue.h"

#include <algorithm>

#include "base/check.h"

namespace rr::schedule {

void FairQueue::insert(JobId job) {
  const auto [found, added] = entries_.try_emplace(job);
  Entry& entry = found->second;
  if (added) {
    entry.fresh_left = fresh_tokens_;
  }
  if (entry.queued) {
    return;
  }
  std::list<JobId>& list = list_of(entry);
  entry.place = list.insert(list.end(), job);
  entry.queued = true;
}

void FairQueue::erase(JobId job) {
  const auto found = entries_.find(job);
  if (found != entries_.end() && found->second.queued) {
    list_of(found->second).erase(found->second.place);
    found->second.queued = false;
  }
}

void FairQueue::forget(JobId job) {
  erase(job);
  entries_.erase(job);
}

std::optional<JobId> FairQueue::next(const std::function<bool(JobId)>& eligible) {
  const bool seasoned_due = fresh_streak_ >= kFreshShare * quantum_tokens_;
  if (seasoned_due) {
    if (const auto job = next_seasoned(eligible)) {
      return job;
    }
  }
  if (const auto job = next_fresh(eligible)) {
    return job;
  }
  return next_seasoned(eligible);
}

std::optional<JobId> FairQueue::next_fresh(const std::function<bool(JobId)>& eligible) const {
  const auto found = std::find_if(fresh_.begin(), fresh_.end(), eligible);
  return found != fresh_.end() ? std::optional(*found) : std::nullopt;
}

std::optional<JobId> FairQueue::next_seasoned(const std::function<bool(JobId)>& eligible) {
  while (true) {
    bool any = false;
    for (const JobId job : seasoned_) {
      if (!eligible(job)) {
        continue;
      }
      any = true;
      if (entries_.at(job).credit > 0) {
        return job;
      }
    }
    if (!any) {
      return std::nullopt;
    }
    // Everyone who may run has used up its share: a new round.
    for (const JobId job : seasoned_) {
      if (eligible(job)) {
        entries_.at(job).credit += quantum_tokens_;
      }
    }
  }
}

void FairQueue::charge(JobId job, std::int64_t tokens) {
  const auto found = entries_.find(job);
  RR_CHECK(found != entries_.end());
  Entry& entry = found->second;
  if (entry.fresh) {
    // Being ahead counts only while somebody else is behind.
    fresh_streak_ = seasoned_.empty() ? 0 : fresh_streak_ + tokens;
    entry.fresh_left -= tokens;
    if (entry.fresh_left > 0) {
      return;
    }
  } else {
    fresh_streak_ = std::max<std::int64_t>(0, fresh_streak_ - kFreshShare * tokens);
    entry.credit -= tokens;
    if (entry.credit > 0) {
      return;
    }
  }
  const bool queued = entry.queued;
  erase(job);
  entry.fresh = false;
  if (queued) {
    insert(job);
  }
}

}  // namespace rr::schedule
