#include "base/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "base/utf8.h"

namespace rr {

namespace {

template <typename Float>
std::string shortest(Float value) {
  RR_CHECK(std::isfinite(value));
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

// Printable ASCII without the quote and the backslash: the bytes that stand for themselves.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) {
    plain[byte] = byte != '"' && byte != '\\';
  }
  return plain;
}();

// Whether eight bytes all stand for themselves, asked at once (the "zero byte in a word"
// test of Warren, Hacker's Delight, 6-1): documents are megabytes of plain text.
bool eight_plain(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighBits; };
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighBits;
  return (control | (word & kHighBits) | has_zero(word ^ (kOnes * '"')) |
          has_zero(word ^ (kOnes * '\\'))) == 0;
}

std::size_t plain_length(std::string_view text) {
  std::size_t length = 0;
  while (length + 8 <= text.size() && eight_plain(text.data() + length)) {
    length += 8;
  }
  while (length < text.size() && kPlain[static_cast<unsigned char>(text[length])]) {
    ++length;
  }
  return length;
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::size_t i = 0;
  while (i < text.size()) {
    if (const std::size_t plain = plain_length(text.substr(i)); plain != 0) {
      out += text.substr(i, plain);
      i += plain;
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80) {
      const std::size_t length = utf8_sequence_length(text.substr(i));
      out += length == 0 ? kReplacement : text.substr(i, length);
      i += length == 0 ? 1 : length;
      continue;
    }
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", byte);
    }
    ++i;
  }
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  append_escaped(quoted, text);
  quoted += '"';
  return quoted;
}

std::string json_number(float value) {
  return shortest(value);
}
std::string json_number(double value) {
  return shortest(value);
}

void JsonText::comma() {
  if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':') {
    text_ += ',';
  }
}

JsonText& JsonText::open(char bracket) {
  comma();
  text_ += bracket;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  text_ += bracket;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  string(name);
  text_ += ':';
  return *this;
}

JsonText& JsonText::string(std::string_view text) {
  comma();
  if (text_.capacity() - text_.size() < text.size() + 2) {
    text_.reserve(std::max(2 * text_.size(), text_.size() + text.size() + 2));
  }
  text_ += '"';
  append_escaped(text_, text);
  text_ += '"';
  return *this;
}

JsonText& JsonText::boolean(bool value) {
  return raw(value ? "true" : "false");
}
JsonText& JsonText::null() {
  return raw("null");
}
JsonText& JsonText::number(float value) {
  return raw(json_number(value));
}
JsonText& JsonText::number(double value) {
  return raw(json_number(value));
}

JsonText& JsonText::raw(std::string_view json) {
  comma();
  text_ += json;
  return *this;
}

}  // namespace rr
