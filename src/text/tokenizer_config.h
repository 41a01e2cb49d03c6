// Reads tokenizer_config.json and special_tokens_map.json of `transformers`: what a tokenizer needs
// beside vocab.txt, and the length limit. `max_length` is ignored on purpose; unknown keys are too.
// The bytes are hostile: kCorrupt names the key. Pure, thread-safe. Tested by
// tokenizer_config_test.cpp.
#pragma once

#include <climits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/added_tokens.h"

namespace rr::text {

struct TokenizerConfig {
  int model_max_length = INT_MAX;  // INT_MAX: none stated, or one of the giant stand-ins for none
  std::optional<bool> do_lower_case;
  std::optional<bool> strip_accents;
  std::optional<bool> tokenize_chinese_chars;
  // As AddedToken: a bare string is a special token that is not normalized.
  std::optional<AddedToken> unk_token;
  std::optional<AddedToken> sep_token;
  std::optional<AddedToken> pad_token;
  std::optional<AddedToken> cls_token;
  std::optional<AddedToken> mask_token;
  std::vector<AddedToken> additional_special_tokens;
  std::optional<std::vector<AddedToken>> added_tokens_decoder;  // in the order of their ids
};

Result<TokenizerConfig> parse_tokenizer_config(std::string_view json);

}  // namespace rr::text
