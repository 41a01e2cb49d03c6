#include "cache/resp_command.h"

#include <fmt/format.h>

#include <iterator>

namespace rr::cache {

void append_command_head(std::string& out, std::size_t count) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", count);
}

void append_bulk(std::string& out, std::string_view argument) {
  fmt::format_to(std::back_inserter(out), "${}\r\n", argument.size());
  out.append(argument);
  out.append("\r\n");
}

void append_command(std::string& out, std::span<const std::string_view> arguments) {
  append_command_head(out, arguments.size());
  for (const std::string_view argument : arguments) {
    append_bulk(out, argument);
  }
}

}  // namespace rr::cache
