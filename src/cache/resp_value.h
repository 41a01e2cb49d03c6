// One RESP2 reply as data (https://redis.io/docs/reference/protocol-spec, RESP2 part).
// Values; thread-safe as any value is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rr::cache {

struct RespValue {
  enum class Type { kNil, kStatus, kError, kInteger, kBulk, kArray };
  Type type = Type::kNil;
  std::string text;  // status, error and bulk strings; bulk strings are bytes
  std::int64_t integer = 0;
  std::vector<RespValue> elements;

  bool is_error() const { return type == Type::kError; }
};

}  // namespace rr::cache
