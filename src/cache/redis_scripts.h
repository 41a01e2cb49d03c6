// The Lua scripts that run inside Redis, each one atomic step of the protocol between servers
// (docs/decisions/015-redis-protocol.md). What all share:
//   - time is the Redis server's own (TIME), in milliseconds; no client clock is ever stored;
//   - writes go through redis.pcall, so that a refused write (full, read-only, no permission) still
//     returns what was read, with the refusal as second element;
//   - whatever is found in place of our data (wrong length, NaN, a lease far in the future) is
//     treated as absent or cut to what we would have written.
// KEYS[1] = scores hash, KEYS[2] = leases hash of one query; for kCount KEYS[1] = counter hash.
// Constant; thread-safe. Tested by redis_live_redis_test.cpp; their meaning is modelled in
// redis_script_model.h.
#pragma once

#include <string_view>

namespace rr::cache {

enum class Script { kLookup, kStore, kRelease, kRenew, kCount };
inline constexpr int kScriptCount = 5;

// Most documents of one call: bounds the time a script holds Redis, and stays far below the number
// of values that Lua's unpack takes.
inline constexpr int kDocumentsPerCall = 1000;

std::string_view script_text(Script script);
// SHA-1 of the text in hex, as EVALSHA wants it.
std::string_view script_sha1(Script script);
// How many of a call's arguments are keys.
int script_key_count(Script script);

}  // namespace rr::cache
