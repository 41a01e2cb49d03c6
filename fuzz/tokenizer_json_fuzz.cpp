// Any bytes as tokenizer.json, as tokenizer_config.json and as vocab.txt: a tokenizer that works,
// or a Status with a message, never a crash.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "text/bert_tokenizer.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json.h"
#include "text/vocab_txt.h"

namespace {

void use(const rr::Result<rr::text::TokenizerParts>& parts) {
  if (!parts.ok()) {
    RR_CHECK(!parts.status().message().empty());
    return;
  }
  const auto tokenizer = rr::text::BertTokenizer::make(parts.value());
  if (!tokenizer.ok()) {
    RR_CHECK(!tokenizer.status().message().empty());
    return;
  }
  rr::text::PairOptions options;
  options.max_length = tokenizer.value()->pair_special_tokens() + 5;
  rr::text::EncodedPair out;
  const auto query = tokenizer.value()->encode_query("Hello [SEP] w\u00f6rld", options);
  tokenizer.value()->encode_pair(query, "a b, \u4e2d\u6587 unaffable", options, out);
  RR_CHECK(out.input_ids.size() <= static_cast<std::size_t>(options.max_length));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  use(rr::text::parse_tokenizer_json(bytes));
  const auto config = rr::text::parse_tokenizer_config(bytes);
  if (config.ok()) {
    use(rr::text::parse_vocab_txt("[UNK]\n[CLS]\n[SEP]\na\n##b\n", config.value()));
  }
  use(rr::text::parse_vocab_txt(bytes, rr::text::TokenizerConfig{}));
  return 0;
}
