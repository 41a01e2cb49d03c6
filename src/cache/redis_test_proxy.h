// For tests: a network between our servers and Redis that can be slow, lossy, dead or hostile. One
// thread; TCP on loopback; the mode may change while connections are open. Thread-safe. Used by
// redis_fault_redis_test.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/clock.h"

namespace rr::cache {

class RedisTestProxy {
 public:
  enum class Mode {
    kForward,
    kSlow,      // 200 ms each way
    kLossy,     // one byte of ten is missing from what Redis answers
    kSilent,    // takes bytes and forwards none: a half-open connection
    kNotResp,   // answers everything with a web page
    kGigantic,  // answers everything with a string of 1 GiB
  };

  explicit RedisTestProxy(int redis_port);
  ~RedisTestProxy();
  int port() const { return port_; }
  void set_mode(Mode mode) { mode_ = mode; }
  void drop_connections() { drop_ = true; }

 private:
  void run(const std::stop_token& stop);

  int redis_port_;
  int listener_;
  int port_ = 0;
  std::atomic<Mode> mode_ = Mode::kForward;
  std::atomic<bool> drop_ = false;
  SystemClock clock_;
  std::jthread thread_;
};

}  // namespace rr::cache
