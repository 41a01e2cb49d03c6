#include "text/wordpiece.h"

#include <fmt/format.h>

namespace rr::text {

Result<WordPiece> WordPiece::build(const Vocabulary& vocabulary) {
  WordPiece model;
  RR_ASSIGN_OR_RETURN(model.trie_, PieceTrie::build(vocabulary.entries));
  model.continuing_ = model.trie_.descend(model.trie_.root(), vocabulary.continuing_subword_prefix);
  model.unk_id_ = model.id_of(vocabulary.unk_token);
  if (model.unk_id_ == PieceTrie::kNone) {
    return Status(
        Code::kCorrupt,
        fmt::format("the unknown token \"{}\" is not in the vocabulary", vocabulary.unk_token));
  }
  return model;
}

void WordPiece::append(std::string_view word, std::vector<TokenId>& ids) const {
  const std::size_t before = ids.size();
  PieceTrie::Node node = trie_.root();
  while (!word.empty()) {
    const PieceTrie::Longest piece = trie_.longest(node, word);
    if (piece.value == PieceTrie::kNone) {
      ids.resize(before);
      ids.push_back(unk_id_);
      return;
    }
    ids.push_back(piece.value);
    word.remove_prefix(piece.size_bytes);
    node = continuing_;
  }
}

}  // namespace rr::text
