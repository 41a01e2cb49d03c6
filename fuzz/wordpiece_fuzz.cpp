// Any bytes as query and document (split at the first 0xFF byte) through tokenizers with all kinds
// of settings. Valid UTF-8 also keeps the law of truncation: what is cut on the right is a prefix
// of the uncut tokens, on the left a suffix.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "text/bert_tokenizer.h"
#include "text/vocab_txt.h"

namespace {

using namespace rr::text;  // NOLINT: a fuzz target is one small file

AddedToken added(std::string content, bool single_word, bool normalized) {
  AddedToken token;
  token.content = std::move(content);
  token.single_word = single_word;
  token.normalized = normalized;
  return token;
}

std::vector<std::unique_ptr<BertTokenizer>> make_tokenizers() {
  constexpr std::string_view kVocabulary =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nab\nabc\n##a\n##b\n##c\n##bc\n.\n,\n[\n]\ne\n"
      "##e\n\u00e9\n\u4e2d\n\u6587\n\u1100\n##\u1161\nss\n\u00df\nhello\nwor\n##ld\n";
  std::vector<std::unique_ptr<BertTokenizer>> made;
  for (unsigned setting = 0; setting < 32; ++setting) {
    auto parts = parse_vocab_txt(kVocabulary, TokenizerConfig{});
    RR_CHECK(parts.ok());
    parts->normalizer = {
        (setting & 1) != 0, (setting & 2) != 0, (setting & 4) != 0, (setting & 8) != 0};
    parts->max_input_chars_per_word = setting % 3 == 0 ? 5 : 100;
    if ((setting & 16) != 0) {
      parts->added_tokens.push_back(added("<w>", true, false));
      parts->added_tokens.push_back(added("a b", false, true));
      parts->added_tokens.push_back(added("\u00c9t\u00e9", true, true));
    }
    auto tokenizer = BertTokenizer::make(*parts);
    RR_CHECK(tokenizer.ok());
    made.push_back(std::move(tokenizer).value());
  }
  return made;
}

void check_cut(const BertTokenizer& tokenizer, std::string_view text, PairOptions options) {
  EncodedPair whole;
  tokenizer.encode_text(text, whole);
  const std::size_t count = whole.input_ids.size() - 2;  // [CLS] … [SEP]
  const std::size_t room = static_cast<std::size_t>(options.max_length) - 3;
  const std::size_t kept = std::min(count, room);
  EncodedPair cut;
  tokenizer.encode_pair(tokenizer.encode_query("", options), text, options, cut);
  RR_CHECK(cut.input_ids.size() == kept + 3);
  RR_CHECK(cut.truncated == (kept < count));
  const std::size_t skipped = options.truncation_side == TruncationSide::kLeft ? count - kept : 0;
  for (std::size_t i = 0; i < kept; ++i) {
    RR_CHECK(cut.input_ids[2 + i] == whole.input_ids[1 + skipped + i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::unique_ptr<BertTokenizer>> tokenizers = make_tokenizers();
  if (size < 2) {
    return 0;
  }
  const BertTokenizer& tokenizer = *tokenizers[data[0] % tokenizers.size()];
  PairOptions options;
  options.max_length = 3 + data[1] % 61;
  options.truncation_side = data[1] % 2 == 0 ? TruncationSide::kLeft : TruncationSide::kRight;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t split = std::min(text.find('\xff'), text.size());
  const std::string_view query = text.substr(0, split);
  const std::string_view document = text.substr(std::min(split + 1, text.size()));

  EncodedPair out;
  tokenizer.encode_pair(tokenizer.encode_query(query, options), document, options, out);
  RR_CHECK(out.input_ids.size() <= static_cast<std::size_t>(options.max_length));
  RR_CHECK(out.input_ids.size() == out.token_type_ids.size());
  for (const rr::TokenId id : out.input_ids) {
    RR_CHECK(id >= 0 && id < tokenizer.vocab_size());
  }
  if (rr::utf8_find_invalid(query) == std::string_view::npos) {
    check_cut(tokenizer, query, options);
  }
  if (rr::utf8_find_invalid(document) == std::string_view::npos) {
    check_cut(tokenizer, document, options);
  }
  return 0;
}
