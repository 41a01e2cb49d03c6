// The log: one line an event on stderr, `text` or `json` (LOG_FORMAT), levels trace … error
// (LOG_LEVEL).
//   log::info("listening", {{"host", host}, {"port", port}});
// The message is a fixed phrase, the facts are fields, so that lines can be counted and filtered.
// Secrets and user text (queries, documents) are never logged above trace. Thread-safe (spdlog).
// Tested by log_test.cpp.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace rr::log {

enum class Level { kTrace, kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

// One fact beside a message; numbers and booleans stay bare in JSON.
struct Field {
  Field(std::string_view name, std::string_view text);
  Field(std::string_view name, const char* text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, const std::string& text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, bool value);
  Field(std::string_view name, double value);
  template <typename T>
  requires std::is_integral_v<T> &&(!std::is_same_v<T, bool>)Field(std::string_view name, T value)
      : name(name), value(std::to_string(value)), quoted(false) {}

  std::string name;
  std::string value;
  bool quoted;
};

void set_up(Level level, Format format);
bool enabled(Level level);

void write(Level level, std::string_view message, std::initializer_list<Field> fields);

// The line as written, without time stamp; what tests look at.
std::string format_line(Format format,
                        Level level,
                        std::string_view message,
                        std::initializer_list<Field> fields);

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kWarn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kError, message, fields);
}

}  // namespace rr::log
