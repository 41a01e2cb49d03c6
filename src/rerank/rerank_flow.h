// One request on its way down and up: what was asked, which pairs it has, what is known of each,
// and the one answer. Owned by whoever works for it (shared_ptr); used by one thread at a time,
// handed over through the Scheduler. Tested by reranker_test.cpp.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "rerank/request.h"
#include "rerank/request_keys.h"
#include "schedule/scheduler.h"

namespace rr::rerank {

class RerankFlow {
 public:
  RerankFlow(RerankRequest request, RerankCallback done)
      : request_(std::move(request)), done_(std::move(done)) {}

  const RerankRequest& request() const { return request_; }
  const RequestKeys& keys() const { return keys_; }
  const text::PairOptions& options() const { return options_; }

  void set_keys(const text::PairOptions& options, RequestKeys keys);
  // The local cache knows this pair.
  void know(std::size_t pair, const cache::CachedScore& score);
  bool all_known() const { return unknown_.empty(); }
  // Fixes the set of pairs that are still to be had, in order.
  void close_known();

  // The first known pair that truncate:false refuses.
  std::optional<std::size_t> refused_pair() const;

  // Those pairs as the Scheduler takes them; call once.
  std::vector<schedule::WorkPair> work_pairs() const;
  void take(schedule::WorkOutcome outcome);  // answers

  // Answers; one of the two, once.
  void answer();
  void fail(Status status, int retry_after_s);

 private:
  RerankResponse response() const;
  Status blame(const Status& status, std::size_t pair) const;

  RerankRequest request_;
  RerankCallback done_;
  text::PairOptions options_;
  RequestKeys keys_;
  std::vector<std::optional<schedule::PairOutcome>> outcomes_;  // [keys_.pairs]
  std::vector<std::size_t> unknown_;                            // pairs the Scheduler was given
  schedule::WorkOutcome work_;
};

}  // namespace rr::rerank
