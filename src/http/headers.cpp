#include "http/headers.h"

#include <algorithm>

namespace rr::http {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type(std::string_view header) {
  return lower_case(trimmed(header.substr(0, header.find(';'))));
}

}  // namespace

bool is_json_type(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type.empty() || type == "application/json" || type == "text/plain" ||
         type == "application/x-www-form-urlencoded" ||
         (type.ends_with("+json") && type.find('/') != std::string::npos);
}

bool accepts_json(std::string_view accept) {
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    const std::string type = media_type(accept.substr(0, comma));
    if (type == "application/json") {
      return true;
    }
    if (type.starts_with("text/") || type.starts_with("application/openmetrics-text")) {
      return false;
    }
    accept = comma == accept.npos ? std::string_view() : accept.substr(comma + 1);
  }
  return false;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

ApiKeys::ApiKeys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (const std::string_view text = trimmed(key); !text.empty()) {
      digests_.push_back(digest128(text));
    }
  }
}

bool ApiKeys::allow(std::string_view authorization) const {
  std::string_view token = trimmed(authorization);
  if (lower_case(token.substr(0, 7)) == "bearer ") {
    token = trimmed(token.substr(7));
  }
  const Digest128 given = digest128(token);
  unsigned match = 0;
  for (const Digest128& digest : digests_) {
    unsigned difference = 0;
    for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
      difference |= static_cast<unsigned>(digest.bytes[i] ^ given.bytes[i]);
    }
    match |= static_cast<unsigned>(difference == 0);
  }
  return match != 0;
}

}  // namespace rr::http
