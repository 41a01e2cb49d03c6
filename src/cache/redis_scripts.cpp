#include "cache/redis_scripts.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <string>

#include "base/check.h"

namespace rr::cache {

namespace {

// ARGV: owner, claim number, lease ms, "1" when we hear notifications else "", documents…
// Answer: {one entry a document, refusal or nil}
//   S + 5 bytes  the score     C  claimed by you     T  claimed by you, taken over from a lost
//   owner W + uint32   computed elsewhere, its lease has so many ms left     N  no claim could be
//   written
// A lease field is "<end ms> <owner>.<number>[ <owner that waits>]…".
constexpr std::string_view kLookupText = R"lua(
local owner, number, lease_ms, hears = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local out, missing, fields = {}, {}, {}
local found = redis.pcall('HMGET', KEYS[1], unpack(ARGV, 5))
if found.err then
  return {string.rep('N', #ARGV - 4), found.err}
end
for i = 1, #ARGV - 4 do
  local value = found[i]
  local valid = value and #value == 5
  if valid then
    local low, high, flags = string.byte(value, 3, 5)
    valid = not (high % 128 == 127 and low >= 128) and flags <= 1
  end
  if valid then
    out[i] = 'S' .. value
  else
    missing[#missing + 1] = i
    fields[#fields + 1] = ARGV[4 + i]
  end
end
if #missing == 0 then
  return {table.concat(out), false}
end
local held = redis.pcall('HMGET', KEYS[2], unpack(fields))
if held.err then
  for _, i in ipairs(missing) do out[i] = 'N' end
  return {table.concat(out), held.err}
end
local writes, mine = {}, owner .. '.'
local ours = tostring(now + lease_ms) .. ' ' .. mine .. number
for k, i in ipairs(missing) do
  local ends, holder, waiting
  if held[k] then
    ends, holder, waiting = string.match(held[k], '^(%d+) (%S+)(.*)$')
    ends = tonumber(ends)
  end
  if not ends or ends <= now or string.sub(holder, 1, #mine) == mine then
    out[i] = (ends and string.sub(holder, 1, #mine) ~= mine) and 'T' or 'C'
    writes[#writes + 1] = fields[k]
    writes[#writes + 1] = ours .. (waiting or '')
  else
    local changed = false
    if ends > now + lease_ms then
      ends, changed = now + lease_ms, true
    end
    local listed = string.find(waiting .. ' ', ' ' .. owner .. ' ', 1, true)
    if hears and not listed and #waiting < 2048 then
      waiting, changed = waiting .. ' ' .. owner, true
    end
    if changed then
      writes[#writes + 1] = fields[k]
      writes[#writes + 1] = ends .. ' ' .. holder .. waiting
    end
    out[i] = 'W' .. struct.pack('<I4', ends - now)
  end
end
local refusal = false
if #writes > 0 then
  local size = redis.pcall('HLEN', KEYS[2])
  if type(size) == 'number' and size > 16384 then
    redis.pcall('DEL', KEYS[2])
  end
  local written = redis.pcall('HSET', KEYS[2], unpack(writes))
  if type(written) == 'table' and written.err then
    refusal = written.err
    for _, i in ipairs(missing) do out[i] = 'N' end
  else
    local ttl = redis.pcall('PTTL', KEYS[2])
    if type(ttl) ~= 'number' or ttl < lease_ms + 1000 then
      redis.pcall('PEXPIRE', KEYS[2], 2 * lease_ms + 1000)
    end
  end
end
return {table.concat(out), refusal}
)lua";

// Shared by store and release: one message to each waiting server with what it waits for.
// Message: the query's 16 bytes, then a document's 16 bytes and 'S' + value or 'F' (free), and so
// on.
constexpr std::string_view kPublishText = R"lua(
local function note(messages, lease, entry)
  local waiting = string.match(lease, '^%d+ %S+(.*)$')
  for who in string.gmatch(waiting or '', '%x+') do
    local list = messages[who]
    if not list then
      list = {}
      messages[who] = list
    end
    list[#list + 1] = entry
  end
end
local function publish(messages, prefix, query)
  for who, list in pairs(messages) do
    redis.pcall('PUBLISH', prefix .. who, query .. table.concat(list))
  end
end
)lua";

// ARGV: channel prefix, query, TTL ms, then document, value…
// Answer: {number of new fields or -1, refusal or nil}
constexpr std::string_view kStoreText = R"lua(
local fields = {}
for i = 4, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i]
end
local held = redis.pcall('HMGET', KEYS[2], unpack(fields))
if held.err then
  held = {}
end
local added, refusal = 0, false
local size = redis.pcall('HLEN', KEYS[1])
if type(size) ~= 'number' then
  added, refusal = -1, size.err
else
  local room = math.min(#fields, 16384 - size)
  if room > 0 then
    added = redis.pcall('HSET', KEYS[1], unpack(ARGV, 4, 3 + 2 * room))
    if type(added) == 'table' then
      added, refusal = -1, added.err
    elseif redis.pcall('PTTL', KEYS[1]) == -1 then
      local set = redis.pcall('PEXPIRE', KEYS[1], ARGV[3])
      if type(set) == 'table' then
        redis.pcall('DEL', KEYS[1])
        added, refusal = -1, set.err
      end
    end
  end
end
local drops, messages = {}, {}
for k, field in ipairs(fields) do
  if held[k] then
    drops[#drops + 1] = field
    note(messages, held[k], field .. 'S' .. ARGV[3 + 2 * k])
  end
end
if #drops > 0 then
  redis.pcall('HDEL', KEYS[2], unpack(drops))
end
publish(messages, ARGV[1], ARGV[2])
return {added, refusal}
)lua";

// ARGV: channel prefix, query, owner, then claim number, document… KEYS[2] = leases
// Answer: {number of leases given back, refusal or nil}
constexpr std::string_view kReleaseText = R"lua(
local fields = {}
for i = 4, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i + 1]
end
local held = redis.pcall('HMGET', KEYS[2], unpack(fields))
if held.err then
  return {0, held.err}
end
local drops, messages = {}, {}
for k, field in ipairs(fields) do
  if held[k] and string.match(held[k], '^%d+ (%S+)') == ARGV[3] .. '.' .. ARGV[2 + 2 * k] then
    drops[#drops + 1] = field
    note(messages, held[k], field .. 'F')
  end
end
local refusal = false
if #drops > 0 then
  local dropped = redis.pcall('HDEL', KEYS[2], unpack(drops))
  if type(dropped) == 'table' then
    refusal = dropped.err
  end
end
publish(messages, ARGV[1], ARGV[2])
return {#drops, refusal}
)lua";

// ARGV: owner, lease ms, then claim number, document…
// Answer: {'Y' or 'N' a document, refusal or nil}; N = the lease is gone or another's
constexpr std::string_view kRenewText = R"lua(
local lease_ms = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields, out, writes = {}, {}, {}
for i = 3, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i + 1]
end
local held = redis.pcall('HMGET', KEYS[2], unpack(fields))
if held.err then
  return {string.rep('N', #fields), held.err}
end
for k, field in ipairs(fields) do
  out[k] = 'N'
  if held[k] then
    local ends, holder, waiting = string.match(held[k], '^(%d+) (%S+)(.*)$')
    ends = tonumber(ends)
    if ends and ends > now and holder == ARGV[1] .. '.' .. ARGV[1 + 2 * k] then
      out[k] = 'Y'
      writes[#writes + 1] = field
      writes[#writes + 1] = (now + lease_ms) .. ' ' .. holder .. waiting
    end
  end
end
local refusal = false
if #writes > 0 then
  local written = redis.pcall('HSET', KEYS[2], unpack(writes))
  if type(written) == 'table' and written.err then
    return {string.rep('N', #fields), written.err}
  end
  redis.pcall('PEXPIRE', KEYS[2], 2 * lease_ms + 1000)
end
return {table.concat(out), refusal}
)lua";

// ARGV: newly stored pairs to add, TTL ms
// Answer: {pairs stored within the TTL, refusal or nil}
// Fifteen buckets cover the TTL, the sixteenth is being filled.
constexpr std::string_view kCountText = R"lua(
local time = redis.call('TIME')
local width = math.max(1, math.ceil(tonumber(ARGV[2]) / 15))
local bucket = math.floor((time[1] * 1000 + math.floor(time[2] / 1000)) / width)
local refusal, total, stale = false, 0, {}
if ARGV[1] ~= '0' then
  local size = redis.pcall('HLEN', KEYS[1])
  if type(size) == 'number' and size > 64 then
    redis.pcall('DEL', KEYS[1])
  end
  local added = redis.pcall('HINCRBY', KEYS[1], string.format('%d', bucket), ARGV[1])
  if type(added) == 'table' then
    refusal = added.err
  else
    redis.pcall('PEXPIRE', KEYS[1], 16 * width)
  end
end
local size = redis.pcall('HLEN', KEYS[1])
if type(size) ~= 'number' or size > 65 then
  return {0, type(size) == 'number' and 'the counter hash is not ours' or size.err}
end
local all = redis.pcall('HGETALL', KEYS[1])
if all.err then
  return {0, all.err}
end
for i = 1, #all, 2 do
  local age = bucket - (tonumber(all[i]) or -1)
  if age >= 0 and age < 16 then
    total = total + math.max(0, tonumber(all[i + 1]) or 0)
  else
    stale[#stale + 1] = all[i]
  end
end
if #stale > 0 then
  redis.pcall('HDEL', KEYS[1], unpack(stale))
end
return {math.min(total, 9e15), refusal}
)lua";

struct Entry {
  std::string text;
  std::string sha1;
};

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  RR_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr) == 1);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    hex += fmt::format("{:02x}", digest[i]);
  }
  return hex;
}

Entry make_entry(std::string text) {
  std::string sha1 = sha1_hex(text);
  return {std::move(text), std::move(sha1)};
}

const Entry& entry(Script script) {
  static const std::array<Entry, kScriptCount> entries = {
      make_entry(std::string(kLookupText)),
      make_entry(std::string(kPublishText).append(kStoreText)),
      make_entry(std::string(kPublishText).append(kReleaseText)),
      make_entry(std::string(kRenewText)),
      make_entry(std::string(kCountText)),
  };
  return entries.at(static_cast<std::size_t>(script));
}

}  // namespace

std::string_view script_text(Script script) {
  return entry(script).text;
}

std::string_view script_sha1(Script script) {
  return entry(script).sha1;
}

int script_key_count(Script script) {
  return script == Script::kCount ? 1 : 2;
}

}  // namespace rr::cache
