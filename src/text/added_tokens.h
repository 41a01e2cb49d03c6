// Added tokens: strings such as [SEP] that are found in a text before it is cut into words and come
// out as one id. Matching is leftmost-longest and does not overlap; a single_word token is dropped
// where a word character (\w) touches it, its characters being used up all the same. lstrip and
// rstrip only move white space from the text beside the token into it, which never changes ids with
// the BERT pre-tokenizer, so they are read and not needed here.
// Source: tokenizers 0.23.3, tokenizer/added_vocabulary.rs (find_matches).
// Cost: one table look-up a byte, plus the longest token at each byte that can start one.
// Immutable, thread-safe. Tested by added_tokens_test.cpp and wordpiece_golden_test.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/dims.h"
#include "text/piece_trie.h"

namespace rr::text {

struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool single_word = false;
  bool normalized = false;  // content and text are compared after normalization
  bool special = false;
};

class AddedTokenMatcher {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
    TokenId id;
  };

  AddedTokenMatcher() = default;
  // `tokens` are patterns as they are to be found. kTooLarge for a pattern over 1024 bytes.
  static Result<AddedTokenMatcher> build(const std::vector<AddedToken>& tokens);

  bool empty() const { return longest_bytes_ == 0; }
  bool holds_white_space() const { return holds_white_space_; }

  // The first match that starts in [from, limit) of `text`. `resume` is where the search went on to
  // when there is none: at least `limit`, or further when a dropped match reached beyond it.
  std::optional<Match> find(std::string_view text,
                            std::size_t from,
                            std::size_t limit,
                            std::size_t& resume) const;
  // Whether some pattern begins before `position` and ends after it.
  bool straddles(std::string_view text, std::size_t position) const;

 private:
  std::size_t next_candidate(std::string_view text, std::size_t from, std::size_t limit) const;

  PieceTrie trie_;
  std::vector<AddedToken> tokens_;
  std::array<bool, 256> starts_{};
  int only_start_ = -1;  // the byte that starts every pattern, where there is one
  std::size_t longest_bytes_ = 0;
  bool holds_white_space_ = false;
};

}  // namespace rr::text
