// How two token lists become one input: longest_first truncation and the template that puts special
// tokens around and between them (TemplateProcessing, or BertProcessing as one).
// Source: tokenizers 0.23.3, utils/truncation.rs and processors/{template,bert}.rs.
// Values; pure; thread-safe. Tested by pair_template_test.cpp and wordpiece_golden_test.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "tensor/dims.h"

namespace rr::text {

// How many tokens each side keeps when `room` tokens fit.
struct PairLengths {
  std::size_t query = 0;
  std::size_t document = 0;
};
PairLengths longest_first(PairLengths counts, std::size_t room);

struct TemplatePiece {
  enum class Kind { kQuery, kDocument, kSpecial };
  Kind kind = Kind::kSpecial;
  TokenId token_type_id = 0;
  TokenId id = 0;  // kSpecial only
};

class PairTemplate {
 public:
  PairTemplate() = default;
  explicit PairTemplate(std::vector<TemplatePiece> pieces) : pieces_(std::move(pieces)) {}

  // [CLS] query [SEP], and for pairs document [SEP] with token type 1.
  static PairTemplate bert_single(TokenId cls, TokenId sep);
  static PairTemplate bert_pair(TokenId cls, TokenId sep);

  // kUnsupported unless each side that `wanted` counts occurs exactly that often.
  Status check(PairLengths wanted) const;

  std::size_t special_tokens() const;
  std::span<const TemplatePiece> pieces() const { return pieces_; }

  // Overwrites input_ids and token_type_ids.
  void apply(std::span<const TokenId> query,
             std::span<const TokenId> document,
             std::vector<TokenId>& input_ids,
             std::vector<TokenId>& token_type_ids) const;

 private:
  std::vector<TemplatePiece> pieces_;
};

}  // namespace rr::text
