#include "cache/redis_script_model.h"

#include <algorithm>

namespace rr::cache {

namespace {

constexpr const char* kRefusal = "OOM command not allowed when used memory > 'maxmemory'.";

RespValue bulk(std::string text) {
  RespValue value;
  value.type = RespValue::Type::kBulk;
  value.text = std::move(text);
  return value;
}

RespValue integer(std::int64_t number) {
  RespValue value;
  value.type = RespValue::Type::kInteger;
  value.integer = number;
  return value;
}

RespValue answer(RespValue first, const std::string& refusal) {
  RespValue value;
  value.type = RespValue::Type::kArray;
  value.elements.push_back(std::move(first));
  value.elements.push_back(refusal.empty() ? RespValue{} : bulk(refusal));
  return value;
}

std::string packed(std::int64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(number >> shift & 0xFF));
  }
  return bytes;
}

}  // namespace

RespValue RedisScriptModel::run(const ScriptCall& call, std::int64_t now_ms) {
  switch (call.script) {
    case Script::kLookup:
      return lookup(call.arguments, now_ms);
    case Script::kStore:
      return store(call.arguments, now_ms);
    case Script::kRelease:
      return release(call.arguments, now_ms);
    case Script::kRenew:
      return renew(call.arguments, now_ms);
    case Script::kCount:
      return count(call.arguments);
  }
  return {};
}

RespValue RedisScriptModel::lookup(const std::vector<std::string>& arguments, std::int64_t now_ms) {
  std::string out;
  bool refused = false;
  for (std::size_t i = 6; i < arguments.size(); ++i) {
    const std::string entry = look_up_one(arguments[0], arguments[i], arguments, now_ms);
    refused = refused || entry == "N";
    out += entry;
  }
  return answer(bulk(out), refused ? kRefusal : "");
}

std::string RedisScriptModel::look_up_one(const std::string& key,
                                          const std::string& document,
                                          const std::vector<std::string>& arguments,
                                          std::int64_t now_ms) {
  const auto& scores = scores_[key];
  const auto score = scores.find(document);
  if (score != scores.end() && decode_score(score->second)) {
    return "S" + score->second;
  }
  const std::string& owner = arguments[2];
  const std::int64_t lease_ms = std::stoll(arguments[4]);
  if (writes_ == Writes::kRefused) {
    return "N";
  }
  auto& leases = leases_[key];
  const auto found = leases.find(document);
  const bool mine = found != leases.end() && found->second.holder.starts_with(owner + ".");
  if (found != leases.end() && found->second.ends_ms > now_ms && !mine) {
    Lease& lease = found->second;
    lease.ends_ms = std::min(lease.ends_ms, now_ms + lease_ms);
    if (arguments[5] == "1" &&
        std::find(lease.waiting.begin(), lease.waiting.end(), owner) == lease.waiting.end()) {
      lease.waiting.push_back(owner);
    }
    return "W" + packed(lease.ends_ms - now_ms);
  }
  const bool taken_over = found != leases.end() && !mine;
  Lease& lease = leases[document];
  lease.ends_ms = now_ms + lease_ms;
  lease.holder = owner + "." + arguments[3];
  signs_[{key, document}] = now_ms;
  return taken_over ? "T" : "C";
}

RespValue RedisScriptModel::store(const std::vector<std::string>& arguments, std::int64_t now_ms) {
  std::vector<std::pair<Lease, std::string>> entries;
  std::int64_t added = 0;
  for (std::size_t i = 5; i + 1 < arguments.size(); i += 2) {
    const std::string& document = arguments[i];
    if (writes_ == Writes::kTaken) {
      added += scores_[arguments[0]].insert_or_assign(document, arguments[i + 1]).second ? 1 : 0;
    }
    auto& leases = leases_[arguments[0]];
    if (const auto lease = leases.find(document); lease != leases.end()) {
      entries.emplace_back(lease->second, document + "S" + arguments[i + 1]);
      leases.erase(lease);
    }
    signs_[{arguments[0], document}] = now_ms;
  }
  publish(arguments[2], arguments[3], entries);
  return writes_ == Writes::kTaken ? answer(integer(added), "") : answer(integer(-1), kRefusal);
}

RespValue RedisScriptModel::release(const std::vector<std::string>& arguments,
                                    std::int64_t now_ms) {
  std::vector<std::pair<Lease, std::string>> entries;
  for (std::size_t i = 5; i + 1 < arguments.size(); i += 2) {
    auto& leases = leases_[arguments[0]];
    const auto lease = leases.find(arguments[i + 1]);
    if (lease != leases.end() && lease->second.holder == arguments[4] + "." + arguments[i]) {
      entries.emplace_back(lease->second, arguments[i + 1] + "F");
      leases.erase(lease);
      signs_[{arguments[0], arguments[i + 1]}] = now_ms;
    }
  }
  publish(arguments[2], arguments[3], entries);
  return answer(integer(static_cast<std::int64_t>(entries.size())), "");
}

RespValue RedisScriptModel::renew(const std::vector<std::string>& arguments, std::int64_t now_ms) {
  std::string out;
  for (std::size_t i = 4; i + 1 < arguments.size(); i += 2) {
    auto& leases = leases_[arguments[0]];
    const auto lease = leases.find(arguments[i + 1]);
    const bool kept = writes_ == Writes::kTaken && lease != leases.end() &&
                      lease->second.ends_ms > now_ms &&
                      lease->second.holder == arguments[2] + "." + arguments[i];
    if (kept) {
      lease->second.ends_ms = now_ms + std::stoll(arguments[3]);
      signs_[{arguments[0], arguments[i + 1]}] = now_ms;
    }
    out += kept ? 'Y' : 'N';
  }
  return answer(bulk(out), writes_ == Writes::kTaken ? "" : kRefusal);
}

RespValue RedisScriptModel::count(const std::vector<std::string>& arguments) {
  stored_ += std::stoll(arguments[1]);
  return answer(integer(stored_), "");
}

void RedisScriptModel::publish(const std::string& prefix,
                               const std::string& query,
                               const std::vector<std::pair<Lease, std::string>>& entries) {
  std::map<std::string, std::string> messages;
  for (const auto& [lease, entry] : entries) {
    for (const std::string& who : lease.waiting) {
      messages[who] += entry;
    }
  }
  for (const auto& [who, list] : messages) {
    published_.emplace_back(prefix + who, query + list);
  }
}

std::vector<std::pair<std::string, std::string>> RedisScriptModel::take_published() {
  return std::exchange(published_, {});
}

const RedisScriptModel::Lease* RedisScriptModel::lease(const std::string& query_key,
                                                       const std::string& document) const {
  const auto leases = leases_.find(query_key);
  if (leases == leases_.end()) {
    return nullptr;
  }
  const auto lease = leases->second.find(document);
  return lease == leases->second.end() ? nullptr : &lease->second;
}

void RedisScriptModel::put_score(const std::string& query_key,
                                 const std::string& document,
                                 std::string value) {
  scores_[query_key][document] = std::move(value);
}

void RedisScriptModel::put_lease(const std::string& query_key,
                                 const std::string& document,
                                 Lease lease) {
  leases_[query_key][document] = std::move(lease);
}

std::int64_t RedisScriptModel::last_sign_ms(const std::string& query_key,
                                            const std::string& document) const {
  const auto sign = signs_.find({query_key, document});
  return sign == signs_.end() ? -1 : sign->second;
}

bool RedisScriptModel::has_score(const std::string& query_key, const std::string& document) const {
  const auto scores = scores_.find(query_key);
  return scores != scores_.end() && scores->second.contains(document);
}

}  // namespace rr::cache
