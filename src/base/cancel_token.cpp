#include "base/cancel_token.h"

#include <map>
#include <utility>

#include "base/mutex.h"

namespace rr {

struct CancelToken::State {
  Mutex mutex;
  CondVar idle;
  bool cancelled RR_GUARDED_BY(mutex) = false;
  unsigned long next_id RR_GUARDED_BY(mutex) = 1;
  unsigned long running_id RR_GUARDED_BY(mutex) = 0;
  std::map<unsigned long, std::function<void()>> callbacks RR_GUARDED_BY(mutex);
};

bool CancelToken::cancelled() const {
  if (state_ == nullptr) {
    return false;
  }
  MutexLock lock(state_->mutex);
  return state_->cancelled;
}

CancelToken::Registration CancelToken::on_cancel(std::function<void()> callback) const {
  Registration registration;
  if (state_ == nullptr) {
    return registration;
  }
  {
    MutexLock lock(state_->mutex);
    if (!state_->cancelled) {
      registration.state_ = state_;
      registration.id_ = state_->next_id++;
      state_->callbacks.emplace(registration.id_, std::move(callback));
      return registration;
    }
  }
  callback();
  return registration;
}

CancelToken::Registration::Registration(Registration&& other) noexcept
    : state_(std::move(other.state_)), id_(std::exchange(other.id_, 0)) {}

CancelToken::Registration& CancelToken::Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    remove();
    state_ = std::move(other.state_);
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

CancelToken::Registration::~Registration() {
  remove();
}

void CancelToken::Registration::remove() {
  if (state_ == nullptr) {
    return;
  }
  MutexLock lock(state_->mutex);
  state_->callbacks.erase(id_);
  while (state_->running_id == id_) {
    state_->idle.wait(lock);
  }
}

CancelSource::CancelSource() : state_(std::make_shared<CancelToken::State>()) {}

void CancelSource::cancel() {
  CancelToken::State& state = *state_;
  MutexLock lock(state.mutex);
  if (state.cancelled) {
    return;
  }
  state.cancelled = true;
  // No lock is held over a callback: each is taken out, run, and its end announced.
  while (!state.callbacks.empty()) {
    auto node = state.callbacks.extract(state.callbacks.begin());
    state.running_id = node.key();
    lock.unlock();
    node.mapped()();
    lock.lock();
    state.running_id = 0;
    state.idle.notify_all();
  }
}

}  // namespace rr
