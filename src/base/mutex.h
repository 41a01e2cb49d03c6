// Mutex, MutexLock and CondVar with Clang's thread-safety annotations (std::mutex carries none
// under libstdc++). Fields name their lock with RR_GUARDED_BY; functions that need it held say
// RR_REQUIRES. Hold no lock over a callback, I/O or a device launch. Every timed wait takes a
// Deadline.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/deadline.h"

#if defined(__clang__)
#define RR_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define RR_THREAD_ANNOTATION(x)
#endif
#define RR_CAPABILITY(x) RR_THREAD_ANNOTATION(capability(x))
#define RR_SCOPED_CAPABILITY RR_THREAD_ANNOTATION(scoped_lockable)
#define RR_GUARDED_BY(x) RR_THREAD_ANNOTATION(guarded_by(x))
#define RR_REQUIRES(...) RR_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define RR_EXCLUDES(...) RR_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define RR_ACQUIRE(...) RR_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RR_RELEASE(...) RR_THREAD_ANNOTATION(release_capability(__VA_ARGS__))

namespace rr {

class RR_CAPABILITY("mutex") Mutex {
 public:
  void lock() RR_ACQUIRE() { mutex_.lock(); }
  void unlock() RR_RELEASE() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

class RR_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) RR_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() RR_RELEASE() = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() RR_ACQUIRE() { lock_.lock(); }
  void unlock() RR_RELEASE() { lock_.unlock(); }

 private:
  friend class CondVar;
  std::unique_lock<std::mutex> lock_;
};

class CondVar {
 public:
  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  // False when the deadline passed first; spurious wake-ups return true. Real time: tests with a
  // FakeClock drive pure state machines instead of waiting.
  bool wait_until(MutexLock& lock, Deadline deadline) {
    if (deadline.is_never()) {
      condition_.wait(lock.lock_);
      return true;
    }
    return condition_.wait_until(lock.lock_, deadline.time()) == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace rr
