#include "text/tokenizer_config.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rr::text {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::SUCCESS;

// simdjson's DOM refuses the integer 10^30 that stands for "no limit" in many files, so this file
// is read with the on-demand interface, which leaves numbers as text.

constexpr double kLengthMax = INT_MAX - 1;

Status corrupt(std::string_view key, std::string_view wanted) {
  return {Code::kCorrupt, fmt::format("{}: must be {}", key, wanted)};
}

bool is_null(ondemand::value& value) {
  ondemand::json_type type{};
  return value.type().get(type) == SUCCESS && type == ondemand::json_type::null;
}

Status read_boolean(std::string_view key, ondemand::value value, std::optional<bool>& out) {
  if (is_null(value)) {
    return {};
  }
  bool flag = false;
  if (value.get_bool().get(flag) != SUCCESS) {
    return corrupt(key, "true, false or null");
  }
  out = flag;
  return {};
}

Status read_flag(std::string_view key, ondemand::value value, bool& out) {
  if (value.get_bool().get(out) != SUCCESS) {
    return corrupt(key, "true or false");
  }
  return {};
}

Status read_length(std::string_view key, ondemand::value value, int& out) {
  if (is_null(value)) {
    return {};
  }
  std::string_view text = value.raw_json_token();
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  double length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool giant = error == std::errc::result_out_of_range;
  if ((error != std::errc() && !giant) || end != text.data() + text.size() || text[0] == '-' ||
      length < 0 || (!giant && length < 1)) {
    return corrupt(key, "a number of tokens");
  }
  out = giant || length > kLengthMax ? INT_MAX : static_cast<int>(length);
  return {};
}

// "[SEP]" or {"content": "[SEP]", "single_word": false, …}
Status read_token(std::string_view key, ondemand::value value, AddedToken& out) {
  ondemand::json_type type{};
  if (value.type().get(type) != SUCCESS) {
    return corrupt(key, "a token");
  }
  if (type == ondemand::json_type::string) {
    std::string_view content;
    if (value.get_string().get(content) != SUCCESS) {
      return corrupt(key, "a token");
    }
    out = AddedToken{};
    out.content = content;
    out.special = true;
    return {};
  }
  ondemand::object object;
  if (type != ondemand::json_type::object || value.get_object().get(object) != SUCCESS) {
    return corrupt(key, "a string or an object");
  }
  out = AddedToken{};
  out.normalized = true;
  for (auto field : object) {
    std::string_view name;
    ondemand::value member;
    if (field.unescaped_key().get(name) != SUCCESS || field.value().get(member) != SUCCESS) {
      return corrupt(key, "valid JSON");
    }
    if (name == "content") {
      std::string_view content;
      if (member.get_string().get(content) != SUCCESS) {
        return corrupt(key, "a token with a string as content");
      }
      out.content = content;
    } else if (name == "single_word") {
      RR_RETURN_IF_ERROR(read_flag(key, member, out.single_word));
    } else if (name == "normalized") {
      RR_RETURN_IF_ERROR(read_flag(key, member, out.normalized));
    } else if (name == "special") {
      RR_RETURN_IF_ERROR(read_flag(key, member, out.special));
    }
  }
  if (out.content.empty()) {
    return corrupt(key, "a token with content");
  }
  return {};
}

Status read_optional_token(std::string_view key,
                           ondemand::value value,
                           std::optional<AddedToken>& out) {
  if (is_null(value)) {
    return {};
  }
  return read_token(key, value, out.emplace());
}

Status read_token_list(std::string_view key, ondemand::value value, std::vector<AddedToken>& out) {
  if (is_null(value)) {
    return {};
  }
  ondemand::array array;
  if (value.get_array().get(array) != SUCCESS) {
    return corrupt(key, "an array");
  }
  for (auto element : array) {
    ondemand::value item;
    if (element.get(item) != SUCCESS) {
      return corrupt(key, "valid JSON");
    }
    RR_RETURN_IF_ERROR(read_token(key, item, out.emplace_back()));
  }
  return {};
}

// {"101": {"content": "[CLS]", …}, …}
Status read_decoder(std::string_view key,
                    ondemand::value value,
                    std::optional<std::vector<AddedToken>>& out) {
  if (is_null(value)) {
    return {};
  }
  ondemand::object object;
  if (value.get_object().get(object) != SUCCESS) {
    return corrupt(key, "an object");
  }
  out.emplace();
  for (auto field : object) {
    std::string_view name;
    ondemand::value member;
    if (field.unescaped_key().get(name) != SUCCESS || field.value().get(member) != SUCCESS) {
      return corrupt(key, "valid JSON");
    }
    TokenId id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size() || id < 0) {
      return corrupt(key, "an object with ids as keys");
    }
    AddedToken token;
    RR_RETURN_IF_ERROR(read_token(key, member, token));
    token.id = id;
    out->push_back(std::move(token));
  }
  std::ranges::stable_sort(*out, {}, &AddedToken::id);
  return {};
}

Status read_member(std::string_view key, ondemand::value value, TokenizerConfig& config) {
  if (key == "model_max_length" || key == "max_len") {
    return read_length(key, value, config.model_max_length);
  }
  if (key == "added_tokens_decoder") {
    return read_decoder(key, value, config.added_tokens_decoder);
  }
  if (key == "additional_special_tokens" || key == "extra_special_tokens") {
    return read_token_list(key, value, config.additional_special_tokens);
  }
  const std::pair<std::string_view, std::optional<bool>*> flags[] = {
      {"do_lower_case", &config.do_lower_case},
      {"strip_accents", &config.strip_accents},
      {"tokenize_chinese_chars", &config.tokenize_chinese_chars}};
  for (const auto& [name, flag] : flags) {
    if (key == name) {
      return read_boolean(key, value, *flag);
    }
  }
  const std::pair<std::string_view, std::optional<AddedToken>*> tokens[] = {
      {"unk_token", &config.unk_token},
      {"sep_token", &config.sep_token},
      {"pad_token", &config.pad_token},
      {"cls_token", &config.cls_token},
      {"mask_token", &config.mask_token}};
  for (const auto& [name, token] : tokens) {
    if (key == name) {
      return read_optional_token(key, value, *token);
    }
  }
  return {};
}

}  // namespace

Result<TokenizerConfig> parse_tokenizer_config(std::string_view json) {
  TokenizerConfig config;
  ondemand::parser parser;
  const simdjson::padded_string padded(json);
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(padded).get(document) != SUCCESS ||
      document.get_object().get(object) != SUCCESS) {
    return Status(Code::kCorrupt, "must hold a JSON object");
  }
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != SUCCESS || field.value().get(value) != SUCCESS) {
      return Status(Code::kCorrupt, "is no JSON");
    }
    RR_RETURN_IF_ERROR(read_member(std::string(key), value, config));
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == SUCCESS) {
    return Status(Code::kCorrupt, "is no JSON");
  }
  return config;
}

}  // namespace rr::text
