// Reads a checkpoint's tokenizer files from disk and makes the tokenizer; see tokenizer.h.

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "text/bert_tokenizer.h"
#include "text/tokenizer.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json.h"
#include "text/vocab_txt.h"

namespace rr::text {
namespace {

constexpr std::uintmax_t kFileBytesMax = 128U << 20;

// `[tokenizer] tokenizer.json: model.type is …`
Status in_file(const std::filesystem::path& path, const Status& status) {
  return {status.code(), fmt::format("[tokenizer] {}: {}", path.string(), status.message())};
}

// The file's bytes, or nullopt where there is no such file.
Result<std::optional<std::string>> read_if_present(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return std::optional<std::string>();
  }
  const std::uintmax_t size_bytes = std::filesystem::file_size(path, error);
  if (error) {
    return in_file(path, {Code::kCorrupt, error.message()});
  }
  if (size_bytes > kFileBytesMax) {
    return in_file(
        path,
        {Code::kTooLarge, fmt::format("{} bytes, the maximum is {}", size_bytes, kFileBytesMax)});
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes(size_bytes, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size_bytes))) {
    return in_file(path, {Code::kCorrupt, "cannot be read"});
  }
  return std::optional<std::string>(std::move(bytes));
}

Result<TokenizerConfig> read_config(const std::filesystem::path& path) {
  RR_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, read_if_present(path));
  if (!bytes) {
    return TokenizerConfig{};
  }
  auto config = parse_tokenizer_config(*bytes);
  return config.ok() ? std::move(config) : in_file(path, config.status());
}

// special_tokens_map.json fills in what tokenizer_config.json leaves open, in folders written
// before added_tokens_decoder existed.
Status add_special_tokens_map(const std::filesystem::path& path, TokenizerConfig& config) {
  if (config.added_tokens_decoder) {
    return {};
  }
  RR_ASSIGN_OR_RETURN(const TokenizerConfig map, read_config(path));
  for (const auto token : {&TokenizerConfig::unk_token,
                           &TokenizerConfig::sep_token,
                           &TokenizerConfig::pad_token,
                           &TokenizerConfig::cls_token,
                           &TokenizerConfig::mask_token}) {
    if (!(config.*token)) {
      config.*token = map.*token;
    }
  }
  if (config.additional_special_tokens.empty()) {
    config.additional_special_tokens = map.additional_special_tokens;
  }
  return {};
}

Result<std::unique_ptr<Tokenizer>> make(const std::filesystem::path& path,
                                        Result<TokenizerParts> parts,
                                        int model_max_length) {
  if (!parts.ok()) {
    return in_file(path, parts.status());
  }
  parts->model_max_length = model_max_length;
  auto tokenizer = BertTokenizer::make(*parts);
  if (!tokenizer.ok()) {
    return in_file(path, tokenizer.status());
  }
  return std::unique_ptr<Tokenizer>(std::move(tokenizer).value());
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::filesystem::path& dir) {
  RR_ASSIGN_OR_RETURN(TokenizerConfig config, read_config(dir / "tokenizer_config.json"));
  const std::filesystem::path json_path = dir / "tokenizer.json";
  RR_ASSIGN_OR_RETURN(const std::optional<std::string> json, read_if_present(json_path));
  if (json) {
    return make(json_path, parse_tokenizer_json(*json), config.model_max_length);
  }
  const std::filesystem::path vocab_path = dir / "vocab.txt";
  RR_ASSIGN_OR_RETURN(const std::optional<std::string> vocab, read_if_present(vocab_path));
  if (!vocab) {
    return Status(
        Code::kNotFound,
        fmt::format("[tokenizer] {}: holds neither tokenizer.json nor vocab.txt", dir.string()));
  }
  RR_RETURN_IF_ERROR(add_special_tokens_map(dir / "special_tokens_map.json", config));
  return make(vocab_path, parse_vocab_txt(*vocab, config), config.model_max_length);
}

}  // namespace rr::text
