// JSON bodies into memory, by simdjson's DOM parser. Strict: RFC 8259 syntax, valid UTF-8, paired
// surrogates, numbers within a double, nesting of at most 32 levels; integers beyond 64 bits are
// refused too. One reader per I/O thread, reused: its buffers grow with the largest body and are
// given back after a body above 1 MiB. Not thread-safe. Tested by read_request_test.cpp.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace simdjson::dom {
class element;
}

namespace rr::api {

inline constexpr int kJsonDepthMax = 32;

class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // The element and all views into it live until the next read() or release(). kInvalidArgument
  // with a phrase for the client. Copies the body unless its capacity exceeds its size by 64 bytes.
  Status read(const std::string& body, simdjson::dom::element& root);
  // Gives large buffers back.
  void release();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace rr::api
