// BertTokenizer: the Tokenizer for checkpoints whose tokenizer is BertNormalizer, BertPreTokenizer,
// WordPiece and a pair template. Made by load_tokenizer, or from parts by tests and benches.
// Reading stops as soon as the rest cannot matter: from the front for truncation on the right, from
// a safe point near the end (one where a word starts whatever stands before) on the left.
// Immutable, thread-safe; scratch memory is thread-local. Tested by bert_tokenizer_test.cpp and
// wordpiece_golden_test.cpp, timed by bench/bench_text_tokenizer.cpp.
#pragma once

#include <climits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/char_table.h"
#include "text/pair_template.h"
#include "text/tokenizer.h"
#include "text/word_reader.h"
#include "text/wordpiece.h"

namespace rr::text {

// Everything the files say, before it is checked as a whole.
struct TokenizerParts {
  Vocabulary vocabulary;
  int max_input_chars_per_word = 100;
  NormalizerOptions normalizer;
  std::vector<AddedToken> added_tokens;  // ids are looked up or given out by make
  PairTemplate single;
  PairTemplate pair;
  int model_max_length = INT_MAX;
};

class BertTokenizer final : public Tokenizer {
 public:
  static Result<std::unique_ptr<BertTokenizer>> make(const TokenizerParts& parts);

  EncodedQuery encode_query(std::string_view query, const PairOptions& options) const override;
  void encode_pair(const EncodedQuery& query,
                   std::string_view document,
                   const PairOptions& options,
                   EncodedPair& out) const override;
  void encode_text(std::string_view text, EncodedPair& out) const override;
  int vocab_size() const override { return vocab_size_; }
  int pair_special_tokens() const override { return static_cast<int>(pair_.special_tokens()); }
  int model_max_length() const override { return model_max_length_; }
  Digest128 digest() const override { return digest_; }

 private:
  struct Scratch;
  class SplitReader;

  struct Reading {
    std::size_t enough;  // this many tokens settle every question of the caller
    TruncationSide side;
  };

  explicit BertTokenizer(const TokenizerParts& parts);
  Status set_added_tokens(const TokenizerParts& parts);
  void set_vocab_size(const TokenizerParts& parts);
  void set_digest(const TokenizerParts& parts);

  // Fills scratch.ids with the text's first tokens, or its last ones where the left is cut: all of
  // them, or at least `enough`. Returns their number.
  std::size_t read(std::string_view text, const Reading& reading, Scratch& scratch) const;
  std::size_t read_backwards(std::string_view text, std::size_t enough, Scratch& scratch) const;
  std::size_t safe_point(std::string_view text, std::size_t at_most) const;
  std::size_t pair_room(const PairOptions& options) const;  // tokens beside the special ones
  void append(const Split& split, std::vector<TokenId>& ids) const;

  WordPiece model_;
  CharTable table_;
  // For text that the normalizer has been over; there only where normalized_tokens_ needs it.
  std::unique_ptr<const CharTable> normalized_table_;
  AddedTokenMatcher raw_tokens_;
  AddedTokenMatcher normalized_tokens_;
  std::vector<AddedToken> added_tokens_;  // with their final ids
  WordReader::Options reader_options_;
  PairTemplate single_;
  PairTemplate pair_;
  int vocab_size_ = 0;
  int model_max_length_ = INT_MAX;
  Digest128 digest_;
};

}  // namespace rr::text
