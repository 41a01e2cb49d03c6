// Bytes from a Redis server that is not trusted, at every place that reads them: the reply reader,
// a session in each of its states, and the decoders of script answers and notifications. The first
// byte says where the input enters.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cache/redis_codec.h"
#include "cache/redis_session.h"
#include "cache/resp_reader.h"

namespace {

using namespace rr;
using namespace rr::cache;

constexpr std::size_t kPieceBytes = 7;  // so that replies are cut everywhere

void read_replies(std::string_view bytes) {
  RespReader reader{RespLimits{.bulk_bytes = 256, .reply_bytes = 1024, .elements = 64, .depth = 3}};
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    reader.feed(bytes.substr(at, kPieceBytes));
    for (auto reply = reader.next(); reply.ok() && reply.value().has_value();
         reply = reader.next()) {
      static_cast<void>(decode_lookup(*reply.value(), 3));
      static_cast<void>(decode_renew(*reply.value(), 3));
      static_cast<void>(decode_number(*reply.value()));
    }
  }
}

void run_session(std::string_view bytes, const SessionOptions& options) {
  FakeClock clock;
  RedisSession session(options, clock.now());
  session.take_connect(clock.now());
  session.on_connected(clock.now());
  session.on_bytes("+OK\r\n+PONG\r\n", clock.now());
  session.send({.id = 1,
                .script = Script::kLookup,
                .route = 0,
                .arguments = {"k", "k:l", "owner", "1", "2000", "1", "0123456789abcdef"}},
               clock.now());
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    session.on_bytes(bytes.substr(at, kPieceBytes), clock.now());
    clock.advance(std::chrono::milliseconds(1));
    session.advance(clock.now());
    session.take_output();
    session.take_events();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_replies(bytes);
      break;
    case 1:
      run_session(bytes, {});
      break;
    case 2:
      run_session(bytes, {.channel = "c"});
      break;
    default:
      static_cast<void>(decode_notification(bytes));
      static_cast<void>(decode_score(bytes));
  }
  return 0;
}
