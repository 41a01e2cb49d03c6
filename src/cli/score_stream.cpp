#include "cli/score_stream.h"

#include <deque>
#include <memory>

#include "base/mutex.h"

namespace rr::cli {

namespace {

// One request's answer, waited for by the calling thread.
class Slot {
 public:
  void set(rerank::RerankOutcome outcome) {
    const MutexLock lock(mutex_);
    outcome_.emplace(std::move(outcome));
    ready_.notify_one();
  }
  rerank::RerankOutcome wait() {
    MutexLock lock(mutex_);
    while (!outcome_) {
      ready_.wait(lock);
    }
    return *std::move(outcome_);
  }

 private:
  Mutex mutex_;
  CondVar ready_;
  std::optional<rerank::RerankOutcome> outcome_ RR_GUARDED_BY(mutex_);
};

}  // namespace

Status run_score_stream(const ScoreStream& stream) {
  std::deque<std::shared_ptr<Slot>> in_flight;
  bool more = true;
  Status failure;
  while (more || !in_flight.empty()) {
    while (more && failure.ok() && in_flight.size() < stream.in_flight_max) {
      auto request = stream.next();
      if (!request.ok()) {
        failure = request.status();
      }
      if (!request.ok() || !request->has_value()) {
        more = false;
        break;
      }
      auto slot = std::make_shared<Slot>();
      in_flight.push_back(slot);
      stream.rerank(std::move(**request),
                    [slot](rerank::RerankOutcome outcome) { slot->set(std::move(outcome)); });
    }
    if (in_flight.empty()) {
      break;
    }
    rerank::RerankOutcome outcome = in_flight.front()->wait();
    in_flight.pop_front();
    if (!failure.ok()) {
      continue;  // only waits for what is still running
    }
    failure = outcome.result.ok() ? stream.take(std::move(outcome.result).value())
                                  : outcome.result.status();
    more = more && failure.ok();
  }
  return failure;
}

}  // namespace rr::cli
