#include "cache/redis_breaker.h"

namespace rr::cache {

void RedisBreaker::on_failure(TimePoint now) {
  ++failures_;
  if (!open_ && failures_ >= options_.failures_to_open) {
    open_ = true;
    next_probe_ = now;
  }
}

void RedisBreaker::on_probe_answer(Duration took) {
  if (took <= options_.answer_limit) {
    open_ = false;
    failures_ = 0;
  }
}

bool RedisBreaker::take_probe(TimePoint now) {
  if (!open_ || now < next_probe_) {
    return false;
  }
  next_probe_ = now + options_.probe_interval;
  return true;
}

}  // namespace rr::cache
