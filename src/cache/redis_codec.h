// What our servers say to each other through Redis, as bytes: key names, the 5-byte score value,
// script arguments, script answers, notifications. Everything that is read here came from a server
// that is not trusted: decoding answers nullopt or an error, never a wrong score. Pure;
// thread-safe. Tested by redis_codec_test.cpp.
//
// Layout, with prefix P and schema version 1 (the braces keep a query in one cluster slot):
//   P:1:{<query hex>}    hash: document digest (16 bytes) -> float32 LE logit, flags (5 bytes)
//   P:1:{<query hex>}:l  hash: document digest -> "<end ms> <owner>.<number>[ <waiting owner>]…"
//   P:1:{<fingerprint>}:n  hash: bucket -> pairs stored in it
//   P:1:n:<owner>        channel of one server
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cache/pair_key.h"
#include "cache/redis_scripts.h"
#include "cache/resp_value.h"

namespace rr::cache {

// One script to run: what goes after EVALSHA's key count.
struct ScriptCall {
  std::uint64_t id = 0;
  Script script = Script::kLookup;
  std::uint64_t route = 0;             // calls of the same route keep their order
  std::vector<std::string> arguments;  // keys first
};

// The fixed facts of this server that go into its calls.
struct SharingIdentity {
  std::string key_prefix;   // "rerankd"
  std::string fingerprint;  // hex
  std::string owner;        // 16 hex digits, random per process
  Duration lease{};
};

struct ClaimedDocument {
  Digest128 document;
  std::uint64_t number = 0;  // of the claim that holds it
};

using ScoredDocument = std::pair<Digest128, CachedScore>;

std::string channel_prefix(const SharingIdentity& identity);
std::string channel_name(const SharingIdentity& identity);

std::string encode_score(const CachedScore& score);
// nullopt unless it is 5 bytes, finite and with known flags only.
std::optional<CachedScore> decode_score(std::string_view bytes);

enum class Hears { kNo, kYes };  // whether this server's channel is subscribed

std::vector<std::string> lookup_arguments(const SharingIdentity& identity,
                                          const QueryKey& query,
                                          std::span<const Digest128> documents,
                                          std::uint64_t claim_number,
                                          Hears hears);
std::vector<std::string> store_arguments(const SharingIdentity& identity,
                                         const QueryKey& query,
                                         std::span<const ScoredDocument> scores,
                                         Duration ttl);
std::vector<std::string> release_arguments(const SharingIdentity& identity,
                                           const QueryKey& query,
                                           std::span<const ClaimedDocument> claims);
std::vector<std::string> renew_arguments(const SharingIdentity& identity,
                                         const QueryKey& query,
                                         std::span<const ClaimedDocument> claims);
std::vector<std::string> count_arguments(const SharingIdentity& identity,
                                         std::int64_t added,
                                         Duration ttl);

struct LookupEntry {
  enum class Kind { kScore, kClaimed, kTakenOver, kElsewhere, kRefused };
  Kind kind = Kind::kRefused;
  CachedScore score;
  Duration lease_left{};  // kElsewhere
};

struct LookupReply {
  std::vector<LookupEntry> entries;
  std::string refusal;  // why Redis took no write, or empty
};

struct NumberReply {
  std::int64_t number = 0;
  std::string refusal;
};

struct RenewReply {
  std::vector<bool> kept;
  std::string refusal;
};

// kUnavailable: Redis answered an error. kCorrupt: not an answer of our scripts.
Result<LookupReply> decode_lookup(const RespValue& reply, std::size_t documents);
Result<NumberReply> decode_number(const RespValue& reply);
Result<RenewReply> decode_renew(const RespValue& reply, std::size_t documents);

// A notification: scores that were computed, documents that are free to claim.
struct Notification {
  QueryKey query;
  struct Entry {
    Digest128 document;
    std::optional<CachedScore> score;  // nullopt = free
  };
  std::vector<Entry> entries;
};
std::optional<Notification> decode_notification(std::string_view payload);

}  // namespace rr::cache
