// Tokenizer: text to input_ids exactly as the checkpoint's own Hugging Face tokenizer does, one of
// the four virtual seams. A pair is built in two steps so that a query is tokenized once per
// request: encode_query, then encode_pair per document. Truncation is Hugging Face's longest_first
// over the pair (tokenizers/src/utils/truncation.rs); special tokens come from the pair template of
// tokenizer.json. Text is valid UTF-8 (checked at the edge of the program). Cost is linear in the
// part that can reach the output: what lies beyond max_length tokens is not tokenized. Immutable
// after loading, so all methods are const and thread-safe; encode_pair allocates only inside `out`.
// Tested against the reference library by wordpiece_golden_test.cpp; FakeTokenizer below serves
// other folders' tests.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "tensor/dims.h"

namespace rr::text {

enum class TruncationSide { kRight, kLeft };  // the side that is cut

struct PairOptions {
  int max_length = 512;         // tokens of the pair, special tokens included
  int max_query_tokens = 0;     // cap before longest_first; 0 = none
  int max_document_tokens = 0;  // cap before longest_first; 0 = none
  TruncationSide truncation_side = TruncationSide::kRight;
};

// The query's tokens without special tokens, already cut to what any pair can use.
struct EncodedQuery {
  std::vector<TokenId> ids;
  bool truncated = false;
  // Tokens after the query's own cap and before that cut: they decide which side of a pair is the
  // longer one. 0 stands for ids.size().
  std::size_t token_count = 0;
};

struct EncodedPair {
  std::vector<TokenId> input_ids;       // [S]
  std::vector<TokenId> token_type_ids;  // [S]
  bool truncated = false;               // some token of the query or the document was cut
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual EncodedQuery encode_query(std::string_view query, const PairOptions& options) const = 0;
  // `query` must come from encode_query with the same options. `out` is overwritten; its capacity
  // is reused.
  virtual void encode_pair(const EncodedQuery& query,
                           std::string_view document,
                           const PairOptions& options,
                           EncodedPair& out) const = 0;
  // One text with the single-sequence template, untruncated: what `rerankd tokenize` prints for
  // {"text"}.
  virtual void encode_text(std::string_view text, EncodedPair& out) const = 0;
  // One more than the highest id that can come out: the rows an embedding table must have.
  virtual int vocab_size() const = 0;
  // Special tokens of a pair; max_length must exceed it.
  virtual int pair_special_tokens() const = 0;
  // The least of model_max_length and the like found in the tokenizer's own files; INT_MAX when
  // none is stated.
  virtual int model_max_length() const = 0;
  // Covers vocabulary, normalizer settings, template and the Unicode tables: everything that can
  // change input_ids.
  virtual Digest128 digest() const = 0;
};

// Loads `dir`/tokenizer.json, or vocab.txt + tokenizer_config.json where that is missing.
// kNotFound, kCorrupt or kUnsupported with one line naming file and field.
Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::filesystem::path& dir);

}  // namespace rr::text
