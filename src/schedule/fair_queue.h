// Whose turn it is, among requests that have pairs ready. Two lists, after the idea of FQ-CoDel
// (RFC 8290): a request is fresh until it was served `fresh_tokens`, then seasoned. Fresh ones go
// first, in order of arrival, so that a small request passes giants; seasoned ones rotate, a
// quantum of tokens each (deficit round robin: Shreedhar and Varghese, SIGCOMM 1995). While both
// lists have members, seasoned ones get at least one quantum for every kFreshShare quanta of fresh
// ones, so nobody starves: with n seasoned requests each is served at least once in n *
// (kFreshShare + 1) quanta. Pure; not thread-safe. next() is O(1) when every request is eligible.
// Tested by fair_queue_test.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>

namespace rr::schedule {

using JobId = std::uint64_t;  // one request

class FairQueue {
 public:
  static constexpr std::int64_t kFreshShare = 3;

  FairQueue(std::int64_t quantum_tokens, std::int64_t fresh_tokens)
      : quantum_tokens_(quantum_tokens), fresh_tokens_(fresh_tokens) {}

  // The request has pairs ready; a no-op if it is queued already.
  void insert(JobId job);
  // It has none at the moment; what it was served is remembered.
  void erase(JobId job);
  // It is over.
  void forget(JobId job);

  std::optional<JobId> next(const std::function<bool(JobId)>& eligible);
  void charge(JobId job, std::int64_t tokens);

 private:
  struct Entry {
    bool queued = false;
    bool fresh = true;
    std::int64_t fresh_left = 0;
    std::int64_t credit = 0;  // of this round; negative after a pair larger than the quantum
    std::list<JobId>::iterator place;
  };
  std::list<JobId>& list_of(const Entry& entry) { return entry.fresh ? fresh_ : seasoned_; }
  std::optional<JobId> next_fresh(const std::function<bool(JobId)>& eligible) const;
  std::optional<JobId> next_seasoned(const std::function<bool(JobId)>& eligible);

  const std::int64_t quantum_tokens_;
  const std::int64_t fresh_tokens_;
  std::unordered_map<JobId, Entry> entries_;
  std::list<JobId> fresh_;
  std::list<JobId> seasoned_;
  std::int64_t fresh_streak_ = 0;  // tokens by which fresh requests are ahead of their share
};

}  // namespace rr::schedule
