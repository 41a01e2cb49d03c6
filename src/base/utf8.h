// UTF-8 (RFC 3629): strict, so no overlong forms, no surrogates, nothing above U+10FFFF.
// Pure, thread-safe, no allocation unless a string is returned. Tested by utf8_test.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rr {

// Bytes of the first scalar value of `text` (1 to 4), or 0 when the text is empty or starts with an
// invalid sequence.
std::size_t utf8_sequence_length(std::string_view text);

// Offset of the first invalid byte, or npos when all of it is valid.
std::size_t utf8_find_invalid(std::string_view text);

// Appends a scalar value, which must be one (not a surrogate, at most U+10FFFF).
void utf8_append(std::string& out, char32_t scalar);

// Decodes the scalar value at the start of valid UTF-8.
char32_t utf8_decode(std::string_view text);

}  // namespace rr
