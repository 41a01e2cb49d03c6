// Request and answer ids: 32 hex digits, unique across servers. One per I/O thread. Seeded once by
// the operating system; not secret. Not thread-safe. Tested by headers_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace rr::http {

class IdSource {
 public:
  IdSource();
  std::string next();

 private:
  std::uint64_t random64();
  std::array<std::uint64_t, 2> state_;
};

}  // namespace rr::http
