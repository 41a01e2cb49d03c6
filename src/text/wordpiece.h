// WordPiece: a normalized word to the ids of its pieces, greedily the longest vocabulary entry
// first; a word with a part that no entry covers is one unknown token as a whole. Source:
// tokenizers 0.23.3, models/wordpiece/mod.rs (tokenize). Cost: linear in the word for ordinary
// vocabularies, at worst word bytes times entry bytes. Immutable, thread-safe; appends to `ids`.
// Tested by wordpiece_test.cpp, wordpiece_golden_test.cpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tensor/dims.h"
#include "text/piece_trie.h"

namespace rr::text {

struct Vocabulary {
  std::vector<std::pair<std::string, TokenId>> entries;  // of equal strings the last wins
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
};

class WordPiece {
 public:
  // kCorrupt when the unknown token is not in the vocabulary, kTooLarge for a giant vocabulary.
  static Result<WordPiece> build(const Vocabulary& vocabulary);

  void append(std::string_view word, std::vector<TokenId>& ids) const;
  void append_unknown(std::vector<TokenId>& ids) const { ids.push_back(unk_id_); }

  // The id of an entry as it stands in the vocabulary, or PieceTrie::kNone.
  TokenId id_of(std::string_view entry) const { return trie_.exact(trie_.root(), entry); }
  std::size_t memory_bytes() const { return trie_.memory_bytes(); }

 private:
  PieceTrie trie_;
  PieceTrie::Node continuing_ = 0;
  TokenId unk_id_ = 0;
};

}  // namespace rr::text
