// A command as Redis reads it: an array of bulk strings (RESP2). Pure; thread-safe; one append an
// argument. Tested by resp_command_test.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rr::cache {

// Appends "*<count>\r\n": `count` bulk strings must follow.
void append_command_head(std::string& out, std::size_t count);
void append_bulk(std::string& out, std::string_view argument);
// Head and all arguments.
void append_command(std::string& out, std::span<const std::string_view> arguments);

}  // namespace rr::cache
