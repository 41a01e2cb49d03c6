// Writing JSON (RFC 8259) by appending to a string: the project's only JSON writer. Reading is
// simdjson's.
//   JsonText json;
//   json.open_object().key("index").number(3).key("relevance_score").number(0.5F).close_object();
//   std::string body = std::move(json).text();
// Commas are placed by the writer. Floats print as the shortest text that reads back to the same
// float, with a point or exponent; non-finite numbers are a bug of the caller (RR_CHECK), since
// nothing that failed is ever a score. Invalid UTF-8 in text is replaced by U+FFFD, so that every
// answer is valid JSON. Not thread-safe. Tested by json_text_test.cpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rr {

// The text in quotes, escaped.
std::string json_quoted(std::string_view text);
// The number as JSON text: `1.0`, `-4.2`, `1.5e-07`.
std::string json_number(float value);
std::string json_number(double value);

class JsonText {
 public:
  JsonText& open_object() { return open('{'); }
  JsonText& close_object() { return close('}'); }
  JsonText& open_array() { return open('['); }
  JsonText& close_array() { return close(']'); }
  JsonText& key(std::string_view name);
  JsonText& string(std::string_view text);
  JsonText& boolean(bool value);
  JsonText& null();
  JsonText& number(float value);
  JsonText& number(double value);
  template <std::integral T>
  JsonText& number(T value) {
    return raw(std::to_string(value));
  }
  // Room for a text of about this many bytes.
  JsonText& reserve(std::size_t bytes) {
    text_.reserve(bytes);
    return *this;
  }
  // A value that is JSON already; may be a part of text() itself.
  JsonText& raw(std::string_view json);

  std::string text() && { return std::move(text_); }
  const std::string& text() const& { return text_; }

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  void comma();
  std::string text_;
};

}  // namespace rr
