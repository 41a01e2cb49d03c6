#include "text/pair_template.h"

#include <algorithm>
#include <utility>

namespace rr::text {

PairLengths longest_first(PairLengths counts, std::size_t room) {
  if (counts.query + counts.document <= room) {
    return counts;
  }
  const bool query_is_longer = counts.query > counts.document;
  std::size_t shorter = std::min(counts.query, counts.document);
  std::size_t longer = room - std::min(shorter, room);
  if (shorter > longer) {
    shorter = room / 2;
    longer = room - shorter;
  }
  return query_is_longer ? PairLengths{longer, shorter} : PairLengths{shorter, longer};
}

PairTemplate PairTemplate::bert_single(TokenId cls, TokenId sep) {
  using Kind = TemplatePiece::Kind;
  return PairTemplate({{Kind::kSpecial, 0, cls}, {Kind::kQuery, 0, 0}, {Kind::kSpecial, 0, sep}});
}

PairTemplate PairTemplate::bert_pair(TokenId cls, TokenId sep) {
  using Kind = TemplatePiece::Kind;
  return PairTemplate({{Kind::kSpecial, 0, cls},
                       {Kind::kQuery, 0, 0},
                       {Kind::kSpecial, 0, sep},
                       {Kind::kDocument, 1, 0},
                       {Kind::kSpecial, 1, sep}});
}

Status PairTemplate::check(PairLengths wanted) const {
  const auto count = [&](TemplatePiece::Kind kind) {
    return static_cast<std::size_t>(std::ranges::count(pieces_, kind, &TemplatePiece::kind));
  };
  if (count(TemplatePiece::Kind::kQuery) != wanted.query ||
      count(TemplatePiece::Kind::kDocument) != wanted.document) {
    return {Code::kUnsupported, "each sequence must occur exactly once in the template"};
  }
  return {};
}

std::size_t PairTemplate::special_tokens() const {
  return static_cast<std::size_t>(
      std::ranges::count(pieces_, TemplatePiece::Kind::kSpecial, &TemplatePiece::kind));
}

void PairTemplate::apply(std::span<const TokenId> query,
                         std::span<const TokenId> document,
                         std::vector<TokenId>& input_ids,
                         std::vector<TokenId>& token_type_ids) const {
  input_ids.clear();
  token_type_ids.clear();
  for (const TemplatePiece& piece : pieces_) {
    if (piece.kind == TemplatePiece::Kind::kSpecial) {
      input_ids.push_back(piece.id);
    } else {
      const auto side = piece.kind == TemplatePiece::Kind::kQuery ? query : document;
      input_ids.insert(input_ids.end(), side.begin(), side.end());
    }
    token_type_ids.resize(input_ids.size(), piece.token_type_id);
  }
}

}  // namespace rr::text
