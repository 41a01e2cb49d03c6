// A Service for tests: scores by document length at once, or holds requests until told.
// Thread-safe. Test code only. Tested by server_test.cpp, which it serves.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "http/service.h"

namespace rr::http {

class FakeService {
 public:
  FakeService() {
    model_.name = "fake-model";
    model_.source = "builtin";
    model_.family = "bert";
    model_.fingerprint = "00112233";
    model_.dtype = "float32";
    model_.max_length = 512;
    model_.executor.backend = "cpu";
    model_.executor.device = "cpu";
    model_.executor.isa = "generic";
    model_.executor.quantization = "none";
    model_.executor.numerics = "generic.1";
    state_.ready = true;
    state_.queue.max_parallel = 4;
    state_.queue.max_queue = 512;
  }

  struct Held {
    rerank::RerankRequest request;
    rerank::RerankCallback done;
    CancelToken::Registration cancelled;
  };

  Service service() {
    return {[this](rerank::RerankRequest request, rerank::RerankCallback done) {
              take(std::move(request), std::move(done));
            },
            [this] {
              MutexLock lock(mutex_);
              return state_;
            },
            &model_};
  }

  // A document's logit is its length in bytes less three.
  static rerank::RerankOutcome outcome_of(const rerank::RerankRequest& request) {
    rerank::RerankResponse response;
    for (const auto& document : request.documents) {
      response.scores.push_back({static_cast<float>(document.size()) - 3.0F, false});
    }
    response.computed_pairs = static_cast<int>(request.documents.size());
    response.computed_tokens = std::int64_t{10} * response.computed_pairs;
    return {std::move(response), 0};
  }

  void set_state(const rerank::ServiceState& state) {
    MutexLock lock(mutex_);
    state_ = state;
  }
  rerank::ServiceState state() {
    MutexLock lock(mutex_);
    return state_;
  }
  // The next requests fail so.
  void fail_with(Status status, int retry_after_s) {
    MutexLock lock(mutex_);
    failure_ = std::move(status);
    retry_after_s_ = retry_after_s;
  }
  void hold_requests() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  // Blocks until a request is held; false after ten seconds.
  bool wait_for_held(const Clock& clock) {
    const Deadline deadline = Deadline::after(clock, std::chrono::seconds(10));
    MutexLock lock(mutex_);
    while (held_.empty() && !deadline.passed(clock.now())) {
      changed_.wait_until(lock, deadline);
    }
    return !held_.empty();
  }
  bool wait_for_cancel(const Clock& clock) {
    const Deadline deadline = Deadline::after(clock, std::chrono::seconds(10));
    MutexLock lock(mutex_);
    while (cancelled_count_ == 0 && !deadline.passed(clock.now())) {
      changed_.wait_until(lock, deadline);
    }
    return cancelled_count_ > 0;
  }
  void forget_cancels() {
    MutexLock lock(mutex_);
    cancelled_count_ = 0;
  }
  void answer_held() {
    std::deque<Held> ready;
    {
      MutexLock lock(mutex_);
      ready.swap(held_);
      holding_ = false;
    }
    for (auto& held : ready) {
      held.done(outcome_of(held.request));
    }
  }

  rerank::ModelInfo& model() { return model_; }

 private:
  void take(rerank::RerankRequest request, rerank::RerankCallback done) {
    Status failure;
    int retry_after_s = 0;
    {
      MutexLock lock(mutex_);
      if (holding_) {
        auto cancelled = request.cancel.on_cancel([this] {
          MutexLock inner(mutex_);
          ++cancelled_count_;
          changed_.notify_all();
        });
        held_.push_back({std::move(request), std::move(done), std::move(cancelled)});
        changed_.notify_all();
        return;
      }
      failure = failure_;
      retry_after_s = retry_after_s_;
    }
    if (failure.ok()) {
      done(outcome_of(request));
    } else {
      done({failure, retry_after_s});
    }
  }

  rerank::ModelInfo model_;
  Mutex mutex_;
  CondVar changed_;
  rerank::ServiceState state_ RR_GUARDED_BY(mutex_);
  Status failure_ RR_GUARDED_BY(mutex_);
  int retry_after_s_ RR_GUARDED_BY(mutex_) = 0;
  bool holding_ RR_GUARDED_BY(mutex_) = false;
  int cancelled_count_ RR_GUARDED_BY(mutex_) = 0;
  std::deque<Held> held_ RR_GUARDED_BY(mutex_);
};

}  // namespace rr::http
