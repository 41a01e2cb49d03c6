// Bytes from a Redis server to replies, by hiredis' reader with own reply functions. The server is
// not trusted: a reply that is no RESP2, that holds a bulk string over 1 MiB, more than 20,000
// elements, more than 4 MiB of text or arrays deeper than 3, is an error, and the memory held stays
// under those limits whatever arrives (a length is believed only as far as its bytes came).
// After an error the stream is lost: every later call answers the same error.
// Not thread-safe; one reader a connection. Tested by resp_reader_test.cpp, fuzzed by
// fuzz/resp_fuzz.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/resp_value.h"

namespace rr::cache {

struct RespLimits {
  std::size_t bulk_bytes = std::size_t{1} << 20;
  std::size_t reply_bytes = std::size_t{4} << 20;
  std::size_t elements = 20000;
  int depth = 3;
};

class RespReader {
 public:
  explicit RespReader(RespLimits limits);
  ~RespReader();
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;

  void feed(std::string_view bytes);
  // The next whole reply, nullopt when more bytes are needed, kCorrupt when this is no RESP2 or
  // breaks a limit.
  Result<std::optional<RespValue>> next();

 private:
  struct Functions;
  struct FreeReader {
    void operator()(void* reader) const;
  };

  bool admit_bytes(std::size_t bytes);

  RespLimits limits_;
  std::unique_ptr<void, FreeReader> reader_;
  RespValue root_;
  std::size_t elements_ = 0;
  std::size_t bytes_ = 0;
  std::string refusal_;  // why an own reply function said no
  Status failed_;
};

}  // namespace rr::cache
