#include "text/vocab_txt.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "text/char_table.h"

namespace rr::text {
namespace {

std::string_view without_trailing_space(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(line[last]) & 0xC0) == 0x80) {
      --last;
    }
    if (!is_white_space(decode_scalar(line.substr(last)).scalar)) {
      break;
    }
    line = line.substr(0, last);
  }
  return line;
}

std::vector<std::pair<std::string, TokenId>> read_lines(std::string_view text) {
  std::vector<std::pair<std::string, TokenId>> entries;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto id = static_cast<TokenId>(entries.size());
    entries.emplace_back(without_trailing_space(text.substr(0, end)), id);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
}

Result<TokenId> id_of(const TokenizerParts& parts, const AddedToken& token) {
  for (auto entry = parts.vocabulary.entries.rbegin(); entry != parts.vocabulary.entries.rend();
       ++entry) {
    if (entry->first == token.content) {
      return entry->second;
    }
  }
  return Status(Code::kCorrupt, fmt::format("\"{}\" is not among the lines", token.content));
}

}  // namespace

Result<TokenizerParts> parse_vocab_txt(std::string_view vocab_txt, const TokenizerConfig& config) {
  if (const std::size_t bad = utf8_find_invalid(vocab_txt); bad != std::string_view::npos) {
    return Status(Code::kCorrupt, fmt::format("byte {} is no valid UTF-8", bad));
  }
  const auto special = [](const std::optional<AddedToken>& token, std::string_view fallback) {
    AddedToken out = token.value_or(AddedToken{});
    if (!token) {
      out.content = fallback;
    }
    out.special = true;
    return out;
  };
  const AddedToken unk = special(config.unk_token, "[UNK]");
  const AddedToken sep = special(config.sep_token, "[SEP]");
  const AddedToken pad = special(config.pad_token, "[PAD]");
  const AddedToken cls = special(config.cls_token, "[CLS]");
  const AddedToken mask = special(config.mask_token, "[MASK]");

  TokenizerParts parts;
  parts.vocabulary.entries = read_lines(vocab_txt);
  parts.vocabulary.unk_token = unk.content;
  parts.normalizer.handle_chinese_chars = config.tokenize_chinese_chars.value_or(true);
  parts.normalizer.lowercase = config.do_lower_case.value_or(true);
  parts.normalizer.strip_accents = config.strip_accents.value_or(parts.normalizer.lowercase);
  if (config.added_tokens_decoder) {
    parts.added_tokens = *config.added_tokens_decoder;
  }
  const auto add_if_new = [&](const AddedToken& token) {
    for (const AddedToken& known : parts.added_tokens) {
      if (known.content == token.content) {
        return;
      }
    }
    parts.added_tokens.push_back(token);
  };
  for (const AddedToken& token : {unk, sep, pad, cls, mask}) {
    add_if_new(token);
  }
  for (const AddedToken& token : config.additional_special_tokens) {
    add_if_new(token);
  }
  RR_ASSIGN_OR_RETURN(const TokenId cls_id, id_of(parts, cls));
  RR_ASSIGN_OR_RETURN(const TokenId sep_id, id_of(parts, sep));
  parts.single = PairTemplate::bert_single(cls_id, sep_id);
  parts.pair = PairTemplate::bert_pair(cls_id, sep_id);
  parts.model_max_length = config.model_max_length;
  return parts;
}

}  // namespace rr::text
