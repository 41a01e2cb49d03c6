// Reads a text word by word, as the reference's normalizer, added-token search and pre-tokenizer
// cut it: each word comes out normalized, each added token as its id. Nothing is looked at before
// it is needed, so whoever stops reading pays only for what was read.
// Holds views of the text, the table and the matcher; `word` of a Split lives until the next call.
// Not thread-safe; one reader per text. No allocation once `buffer` has grown to the longest word.
// Tested by word_reader_test.cpp and wordpiece_golden_test.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "tensor/dims.h"
#include "text/added_tokens.h"
#include "text/char_table.h"

namespace rr::text {

struct Split {
  enum class Kind { kWord, kTooLong, kAddedToken };
  Kind kind = Kind::kWord;
  std::string_view word;  // kWord only
  TokenId added_id = 0;   // kAddedToken only
};

class WordReader {
 public:
  struct Options {
    std::size_t max_word_chars = 100;  // a longer word comes out as kTooLong, unread
  };

  // Reads text[begin, end of text); what lies before `begin` is only context for single_word
  // tokens.
  WordReader(std::string_view text,
             std::size_t begin,
             const CharTable& table,
             const AddedTokenMatcher& added_tokens,
             const Options& options,
             std::string& buffer);

  // False at the end of the text.
  bool next(Split& split);

 private:
  enum class Step { kGoOn, kWordEnds };

  void skip_ascii_blanks();
  void read_ascii_letters();
  Step read_characters();
  void skip_wide_letters();
  void skip_wide_drops();
  Step read_wide_characters();
  Step take_wide(char32_t scalar, Symbol symbol);
  Step take(Symbol symbol);
  Step take_pending();
  void look_ahead();
  void append(char32_t scalar);
  void insert_mark(char32_t mark);
  bool word_is_empty() const { return word_chars_ == 0; }
  void emit_word(Split& split);
  void emit_isolated(Split& split);

  std::string_view text_;
  const CharTable& table_;
  const AddedTokenMatcher& added_tokens_;
  std::size_t max_word_chars_;
  std::string& buffer_;

  std::size_t cursor_;
  std::size_t stop_;         // cursor_ may run up to here before the matcher is asked again
  std::size_t search_from_;  // the matcher has seen everything before
  bool at_match_ = false;
  AddedTokenMatcher::Match match_{};

  std::size_t word_bytes_ = 0;
  std::size_t word_chars_ = 0;      // max_word_chars_ + 1 stands for "more"
  std::size_t mark_run_begin_ = 0;  // where in the word marks may still be sorted
  bool has_isolated_ = false;       // an isolated character waits behind the word
  char32_t isolated_ = 0;
  std::span<const Symbol> pending_;  // what is left of a character that became several symbols
  HangulLetters hangul_{};
};

}  // namespace rr::text
