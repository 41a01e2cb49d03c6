#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "base/json_text.h"

namespace rr::log {

namespace {

std::atomic<Format> current_format = Format::kText;

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kTrace:
      return spdlog::level::trace;
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto created = std::make_shared<spdlog::logger>(
        "rerankd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %v");
    return created;
  }();
  return *instance;
}

std::string_view level_name(Level level) {
  constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error"};
  return kNames[static_cast<int>(level)];
}

}  // namespace

Field::Field(std::string_view name, std::string_view text)
    : name(name), value(text), quoted(true) {}
Field::Field(std::string_view name, bool value)
    : name(name), value(value ? "true" : "false"), quoted(false) {}
Field::Field(std::string_view name, double value)
    : name(name), value(fmt::format("{}", value)), quoted(false) {}

void set_up(Level level, Format format) {
  current_format = format;
  logger().set_level(spdlog_level(level));
  logger().set_pattern(format == Format::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z",%v})"
                                               : "%Y-%m-%dT%H:%M:%S.%e%z %v");
}

bool enabled(Level level) {
  return logger().should_log(spdlog_level(level));
}

std::string format_line(Format format,
                        Level level,
                        std::string_view message,
                        std::initializer_list<Field> fields) {
  if (format == Format::kJson) {
    std::string line =
        fmt::format(R"("level":"{}","message":{})", level_name(level), json_quoted(message));
    for (const Field& field : fields) {
      line += fmt::format(
          ",{}:{}", json_quoted(field.name), field.quoted ? json_quoted(field.value) : field.value);
    }
    return line;
  }
  std::string line = fmt::format("{:5} {}", level_name(level), message);
  for (const Field& field : fields) {
    // Quoted only where a reader would otherwise not see where the value ends.
    const bool plain =
        field.value.find_first_of(" \"\n\t=") == std::string::npos && !field.value.empty();
    line += fmt::format(" {}={}", field.name, plain ? field.value : json_quoted(field.value));
  }
  return line;
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) {
    return;
  }
  logger().log(spdlog_level(level), format_line(current_format, level, message, fields));
}

}  // namespace rr::log
