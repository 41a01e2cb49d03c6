// A request's "nobody wants this any more". The owner of the request (the connection) holds a
// CancelSource; whoever works for the request holds tokens and asks, or leaves a callback.
//   CancelSource source;
//   CancelToken token = source.token();
//   CancelToken::Registration registration = token.on_cancel([&] { drop_pairs(); });
//   source.cancel();   // runs the callback, on this thread
// Callbacks run once, at cancel() or, if it is cancelled already, at once inside on_cancel().
// Destroying the Registration removes the callback; if it is running on another thread, destruction
// waits for it to end. A callback must not destroy its own Registration. Thread-safe. Tested by
// cancel_token_test.cpp.
#pragma once

#include <functional>
#include <memory>

namespace rr {

class CancelToken {
 public:
  class Registration;

  // A token that is never cancelled.
  CancelToken() = default;

  bool cancelled() const;
  [[nodiscard]] Registration on_cancel(std::function<void()> callback) const;

 private:
  friend class CancelSource;
  struct State;
  explicit CancelToken(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

class CancelToken::Registration {
 public:
  Registration() = default;
  Registration(Registration&& other) noexcept;
  Registration& operator=(Registration&& other) noexcept;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration();

 private:
  friend class CancelToken;
  void remove();
  std::shared_ptr<State> state_;
  unsigned long id_ = 0;
};

class CancelSource {
 public:
  CancelSource();
  CancelToken token() const { return CancelToken(state_); }
  void cancel();  // idempotent

 private:
  std::shared_ptr<CancelToken::State> state_;
};

}  // namespace rr
