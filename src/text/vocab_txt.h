// A BERT tokenizer from vocab.txt (one entry a line, its id the line's number from 0) and
// tokenizer_config.json, as transformers' BertTokenizer builds it.
// Lines end with \n or \r\n; white space at their ends is cut; of equal lines the last wins.
// The bytes are hostile: kCorrupt for invalid UTF-8 and missing special tokens. Pure, thread-safe.
// Tested by vocab_txt_test.cpp.
#pragma once

#include <string_view>

#include "base/result.h"
#include "text/bert_tokenizer.h"
#include "text/tokenizer_config.h"

namespace rr::text {

Result<TokenizerParts> parse_vocab_txt(std::string_view vocab_txt, const TokenizerConfig& config);

}  // namespace rr::text
