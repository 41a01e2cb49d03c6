#include "cache/redis_codec.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace rr::cache {

namespace {

constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kScoreBytes = 5;
constexpr std::uint8_t kTruncatedFlag = 1;

std::string bytes_of(const Digest128& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

Digest128 digest_of(std::string_view bytes) {
  Digest128 digest;
  std::memcpy(digest.bytes.data(), bytes.data(), kDigestBytes);
  return digest;
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  }
  return value;
}

std::string milliseconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// The two keys of a query, with room for what follows.
std::vector<std::string> query_keys(const SharingIdentity& identity,
                                    const QueryKey& query,
                                    std::size_t more_arguments) {
  std::vector<std::string> arguments;
  arguments.reserve(2 + more_arguments);
  const std::string scores = fmt::format("{}:1:{{{}}}", identity.key_prefix, query.digest.hex());
  arguments.push_back(scores);
  arguments.push_back(scores + ":l");
  return arguments;
}

Status wrong_answer() {
  return {Code::kCorrupt, "[redis] an answer is not one of our scripts'"};
}

// {first, refusal or nil} or why not.
Status check_shape(const RespValue& reply, RespValue::Type first) {
  if (reply.is_error()) {
    return {Code::kUnavailable, "[redis] " + reply.text};
  }
  if (reply.type != RespValue::Type::kArray || reply.elements.empty() ||
      reply.elements.size() > 2 || reply.elements[0].type != first) {
    return wrong_answer();
  }
  return {};
}

std::string refusal_of(const RespValue& reply) {
  return reply.elements.size() == 2 ? reply.elements[1].text : std::string();
}

// Reads one entry at the start of `bytes` and how long it is; 0 = none of ours.
std::size_t read_lookup_entry(std::string_view bytes, LookupEntry& entry) {
  switch (bytes.empty() ? '\0' : bytes[0]) {
    case 'S': {
      if (bytes.size() < 1 + kScoreBytes) {
        return 0;
      }
      const auto score = decode_score(bytes.substr(1, kScoreBytes));
      entry.kind = score ? LookupEntry::Kind::kScore : LookupEntry::Kind::kRefused;
      entry.score = score.value_or(CachedScore{});
      return 1 + kScoreBytes;
    }
    case 'W':
      if (bytes.size() < 5) {
        return 0;
      }
      entry.kind = LookupEntry::Kind::kElsewhere;
      entry.lease_left = std::chrono::milliseconds(read_u32(bytes.substr(1, 4)));
      return 5;
    case 'C':
      entry.kind = LookupEntry::Kind::kClaimed;
      return 1;
    case 'T':
      entry.kind = LookupEntry::Kind::kTakenOver;
      return 1;
    case 'N':
      entry.kind = LookupEntry::Kind::kRefused;
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::string channel_prefix(const SharingIdentity& identity) {
  return identity.key_prefix + ":1:n:";
}

std::string channel_name(const SharingIdentity& identity) {
  return channel_prefix(identity) + identity.owner;
}

std::string encode_score(const CachedScore& score) {
  const auto bits = std::bit_cast<std::uint32_t>(score.logit);
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(bits >> shift & 0xFF));
  }
  bytes.push_back(static_cast<char>(score.truncated ? kTruncatedFlag : 0));
  return bytes;
}

std::optional<CachedScore> decode_score(std::string_view bytes) {
  if (bytes.size() != kScoreBytes) {
    return std::nullopt;
  }
  const auto logit = std::bit_cast<float>(read_u32(bytes));
  const auto flags = static_cast<std::uint8_t>(bytes[4]);
  if (!std::isfinite(logit) || flags > kTruncatedFlag) {
    return std::nullopt;
  }
  return CachedScore{logit, flags == kTruncatedFlag};
}

std::vector<std::string> lookup_arguments(const SharingIdentity& identity,
                                          const QueryKey& query,
                                          std::span<const Digest128> documents,
                                          std::uint64_t claim_number,
                                          Hears hears) {
  auto arguments = query_keys(identity, query, 4 + documents.size());
  arguments.push_back(identity.owner);
  arguments.push_back(std::to_string(claim_number));
  arguments.push_back(milliseconds_text(identity.lease));
  arguments.emplace_back(hears == Hears::kYes ? "1" : "");
  for (const Digest128& document : documents) {
    arguments.push_back(bytes_of(document));
  }
  return arguments;
}

std::vector<std::string> store_arguments(const SharingIdentity& identity,
                                         const QueryKey& query,
                                         std::span<const ScoredDocument> scores,
                                         Duration ttl) {
  auto arguments = query_keys(identity, query, 3 + 2 * scores.size());
  arguments.push_back(channel_prefix(identity));
  arguments.push_back(bytes_of(query.digest));
  arguments.push_back(milliseconds_text(ttl));
  for (const auto& [document, score] : scores) {
    arguments.push_back(bytes_of(document));
    arguments.push_back(encode_score(score));
  }
  return arguments;
}

std::vector<std::string> release_arguments(const SharingIdentity& identity,
                                           const QueryKey& query,
                                           std::span<const ClaimedDocument> claims) {
  auto arguments = query_keys(identity, query, 3 + 2 * claims.size());
  arguments.push_back(channel_prefix(identity));
  arguments.push_back(bytes_of(query.digest));
  arguments.push_back(identity.owner);
  for (const ClaimedDocument& claim : claims) {
    arguments.push_back(std::to_string(claim.number));
    arguments.push_back(bytes_of(claim.document));
  }
  return arguments;
}

std::vector<std::string> renew_arguments(const SharingIdentity& identity,
                                         const QueryKey& query,
                                         std::span<const ClaimedDocument> claims) {
  auto arguments = query_keys(identity, query, 2 + 2 * claims.size());
  arguments.push_back(identity.owner);
  arguments.push_back(milliseconds_text(identity.lease));
  for (const ClaimedDocument& claim : claims) {
    arguments.push_back(std::to_string(claim.number));
    arguments.push_back(bytes_of(claim.document));
  }
  return arguments;
}

std::vector<std::string> count_arguments(const SharingIdentity& identity,
                                         std::int64_t added,
                                         Duration ttl) {
  return {fmt::format("{}:1:{{{}}}:n", identity.key_prefix, identity.fingerprint),
          std::to_string(added),
          milliseconds_text(ttl)};
}

Result<LookupReply> decode_lookup(const RespValue& reply, std::size_t documents) {
  RR_RETURN_IF_ERROR(check_shape(reply, RespValue::Type::kBulk));
  LookupReply decoded;
  decoded.refusal = refusal_of(reply);
  std::string_view rest = reply.elements[0].text;
  for (std::size_t i = 0; i < documents; ++i) {
    LookupEntry entry;
    const std::size_t length = read_lookup_entry(rest, entry);
    if (length == 0) {
      return wrong_answer();
    }
    decoded.entries.push_back(entry);
    rest.remove_prefix(length);
  }
  if (!rest.empty()) {
    return wrong_answer();
  }
  return decoded;
}

Result<NumberReply> decode_number(const RespValue& reply) {
  RR_RETURN_IF_ERROR(check_shape(reply, RespValue::Type::kInteger));
  return NumberReply{reply.elements[0].integer, refusal_of(reply)};
}

Result<RenewReply> decode_renew(const RespValue& reply, std::size_t documents) {
  RR_RETURN_IF_ERROR(check_shape(reply, RespValue::Type::kBulk));
  if (reply.elements[0].text.size() != documents) {
    return wrong_answer();
  }
  RenewReply decoded;
  decoded.refusal = refusal_of(reply);
  for (const char kept : reply.elements[0].text) {
    if (kept != 'Y' && kept != 'N') {
      return wrong_answer();
    }
    decoded.kept.push_back(kept == 'Y');
  }
  return decoded;
}

std::optional<Notification> decode_notification(std::string_view payload) {
  if (payload.size() < kDigestBytes) {
    return std::nullopt;
  }
  Notification message;
  message.query.digest = digest_of(payload);
  payload.remove_prefix(kDigestBytes);
  while (!payload.empty()) {
    if (payload.size() < kDigestBytes + 1) {
      return std::nullopt;
    }
    Notification::Entry entry{digest_of(payload), std::nullopt};
    const char kind = payload[kDigestBytes];
    payload.remove_prefix(kDigestBytes + 1);
    if (kind == 'S') {
      entry.score = decode_score(payload.substr(0, kScoreBytes));
      if (!entry.score) {
        return std::nullopt;
      }
      payload.remove_prefix(kScoreBytes);
    } else if (kind != 'F') {
      return std::nullopt;
    }
    message.entries.push_back(entry);
  }
  return message;
}

}  // namespace rr::cache
