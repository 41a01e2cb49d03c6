#include "text/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "text/char_table.h"

namespace rr::text {
namespace {

constexpr std::size_t kContentBytesMax = 1024;

bool ends_with_word_character(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && text.size() - begin < 4) {
    --begin;
    if ((static_cast<unsigned char>(text[begin]) & 0xC0) != 0x80) {
      return is_word_character(decode_scalar(text.substr(begin)).scalar);
    }
  }
  return false;
}

bool starts_with_word_character(std::string_view text) {
  return !text.empty() && is_word_character(decode_scalar(text).scalar);
}

bool contains_white_space(std::string_view text) {
  while (!text.empty()) {
    const DecodedScalar next = decode_scalar(text);
    if (is_white_space(next.scalar)) {
      return true;
    }
    text.remove_prefix(next.size_bytes);
  }
  return false;
}

}  // namespace

Result<AddedTokenMatcher> AddedTokenMatcher::build(const std::vector<AddedToken>& tokens) {
  AddedTokenMatcher matcher;
  matcher.tokens_ = tokens;
  std::vector<std::pair<std::string, std::int32_t>> entries;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& content = tokens[i].content;
    if (content.size() > kContentBytesMax) {
      return Status(
          Code::kTooLarge,
          fmt::format(
              "an added token has {} bytes, the maximum is {}", content.size(), kContentBytesMax));
    }
    entries.emplace_back(content, static_cast<std::int32_t>(i));
    const auto first = static_cast<unsigned char>(content[0]);
    matcher.starts_[first] = true;
    matcher.only_start_ = i == 0 || matcher.only_start_ == first ? first : -1;
    matcher.longest_bytes_ = std::max(matcher.longest_bytes_, content.size());
    matcher.holds_white_space_ = matcher.holds_white_space_ || contains_white_space(content);
  }
  RR_ASSIGN_OR_RETURN(matcher.trie_, PieceTrie::build(std::move(entries)));
  return matcher;
}

std::size_t AddedTokenMatcher::next_candidate(std::string_view text,
                                              std::size_t from,
                                              std::size_t limit) const {
  if (only_start_ >= 0) {
    const void* found = std::memchr(text.data() + from, only_start_, limit - from);
    return found == nullptr
               ? limit
               : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  }
  while (from < limit && !starts_[static_cast<unsigned char>(text[from])]) {
    ++from;
  }
  return from;
}

std::optional<AddedTokenMatcher::Match> AddedTokenMatcher::find(std::string_view text,
                                                                std::size_t from,
                                                                std::size_t limit,
                                                                std::size_t& resume) const {
  resume = std::max(from, limit);
  if (empty()) {
    return std::nullopt;
  }
  while (from < limit) {
    const std::size_t begin = next_candidate(text, from, limit);
    if (begin >= limit) {
      return std::nullopt;
    }
    const PieceTrie::Longest found = trie_.longest(trie_.root(), text.substr(begin));
    if (found.value == PieceTrie::kNone) {
      from = begin + 1;
      continue;
    }
    const std::size_t end = begin + found.size_bytes;
    const AddedToken& token = tokens_[static_cast<std::size_t>(found.value)];
    if (!token.single_word || (!ends_with_word_character(text.substr(0, begin)) &&
                               !starts_with_word_character(text.substr(end)))) {
      return Match{begin, end, token.id};
    }
    from = end;
    resume = std::max(resume, end);
  }
  return std::nullopt;
}

bool AddedTokenMatcher::straddles(std::string_view text, std::size_t position) const {
  if (empty()) {
    return false;
  }
  const std::size_t reach = std::min(position, longest_bytes_ - 1);
  for (std::size_t begin = position - reach; begin < position; ++begin) {
    if (starts_[static_cast<unsigned char>(text[begin])] &&
        begin + trie_.longest(trie_.root(), text.substr(begin)).size_bytes > position) {
      return true;
    }
  }
  return false;
}

}  // namespace rr::text
