// Reads tokenizer.json (the serialization of Hugging Face `tokenizers`) as far as BERT-style
// tokenizers go: WordPiece, BertNormalizer or none, BertPreTokenizer, TemplateProcessing or
// BertProcessing. `truncation`, `padding` and `decoder` are ignored on purpose.
// The bytes are hostile. kCorrupt names the field that breaks the format, kUnsupported the part
// that belongs to another kind of tokenizer. Pure, thread-safe. Tested by tokenizer_json_test.cpp
// and fuzz/tokenizer_json_fuzz.cpp.
#pragma once

#include <string_view>

#include "base/result.h"
#include "text/bert_tokenizer.h"

namespace rr::text {

Result<TokenizerParts> parse_tokenizer_json(std::string_view json);

}  // namespace rr::text
