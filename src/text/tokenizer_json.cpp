#include "text/tokenizer_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <climits>
#include <map>
#include <optional>

namespace rr::text {
namespace {

namespace dom = simdjson::dom;
using simdjson::SUCCESS;

constexpr std::int64_t kIdMax = INT_MAX - 1;
constexpr std::int64_t kWordCharsMax = 100'000;
constexpr std::int64_t kTokenTypeMax = 1;
constexpr std::size_t kTemplatePiecesMax = 64;
constexpr std::size_t kJsonDepthMax = 64;

Status corrupt(std::string_view field, std::string_view wanted) {
  return {Code::kCorrupt, fmt::format("{}: must be {}", field, wanted)};
}

// A value together with its path in the file, for messages.
class Field {
 public:
  Field(dom::element value, std::string path) : value_(value), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  dom::element value() const { return value_; }
  bool is_null() const { return value_.is_null(); }

  // The member, or nullopt where it is missing or null.
  std::optional<Field> find(std::string_view key) const {
    dom::element member;
    if (value_.at_key(key).get(member) != SUCCESS || member.is_null()) {
      return std::nullopt;
    }
    return Field(member, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key));
  }
  Result<Field> get(std::string_view key) const {
    if (auto member = find(key)) {
      return *member;
    }
    return Status(Code::kCorrupt,
                  fmt::format("{}{}{}: is missing", path_, path_.empty() ? "" : ".", key));
  }

  Result<std::string_view> string() const {
    std::string_view text;
    if (value_.get(text) != SUCCESS) {
      return corrupt(path_, "a string");
    }
    return text;
  }
  Result<bool> boolean() const {
    bool flag = false;
    if (value_.get(flag) != SUCCESS) {
      return corrupt(path_, "true or false");
    }
    return flag;
  }
  Result<int> number(std::int64_t highest) const {
    std::int64_t number = 0;
    if (value_.get(number) != SUCCESS || number < 0 || number > highest) {
      return corrupt(path_, fmt::format("a whole number from 0 to {}", highest));
    }
    return static_cast<int>(number);
  }
  Result<dom::object> object() const {
    dom::object object;
    if (value_.get(object) != SUCCESS) {
      return corrupt(path_, "an object");
    }
    return object;
  }
  Result<dom::array> array() const {
    dom::array array;
    if (value_.get(array) != SUCCESS) {
      return corrupt(path_, "an array");
    }
    return array;
  }

  Result<std::string_view> string_at(std::string_view key) const {
    RR_ASSIGN_OR_RETURN(const Field member, get(key));
    return member.string();
  }
  Result<bool> boolean_at(std::string_view key) const {
    RR_ASSIGN_OR_RETURN(const Field member, get(key));
    return member.boolean();
  }
  Result<int> number_at(std::string_view key, std::int64_t highest) const {
    RR_ASSIGN_OR_RETURN(const Field member, get(key));
    return member.number(highest);
  }

 private:
  dom::element value_;
  std::string path_;
};

Status expect_type(const Field& part, std::string_view wanted) {
  RR_ASSIGN_OR_RETURN(const std::string_view type, part.string_at("type"));
  if (type != wanted) {
    return {Code::kUnsupported,
            fmt::format("{}.type is \"{}\"; only {} is supported", part.path(), type, wanted)};
  }
  return {};
}

Status read_model(const Field& root, TokenizerParts& parts) {
  RR_ASSIGN_OR_RETURN(const Field model, root.get("model"));
  RR_RETURN_IF_ERROR(model.object().status());
  if (model.find("type")) {  // files of old versions have none
    RR_RETURN_IF_ERROR(expect_type(model, "WordPiece"));
  }
  RR_ASSIGN_OR_RETURN(parts.vocabulary.unk_token, model.string_at("unk_token"));
  RR_ASSIGN_OR_RETURN(parts.vocabulary.continuing_subword_prefix,
                      model.string_at("continuing_subword_prefix"));
  RR_ASSIGN_OR_RETURN(parts.max_input_chars_per_word,
                      model.number_at("max_input_chars_per_word", kWordCharsMax));
  RR_ASSIGN_OR_RETURN(const Field vocabulary, model.get("vocab"));
  RR_ASSIGN_OR_RETURN(const dom::object entries, vocabulary.object());
  parts.vocabulary.entries.reserve(entries.size());
  for (const auto [entry, id] : entries) {
    const Field field(id, fmt::format("model.vocab entry {}", parts.vocabulary.entries.size()));
    RR_ASSIGN_OR_RETURN(const int number, field.number(kIdMax));
    parts.vocabulary.entries.emplace_back(std::string(entry), number);
  }
  return {};
}

Status read_normalizer(const Field& root, TokenizerParts& parts) {
  const auto normalizer = root.find("normalizer");
  if (!normalizer) {
    parts.normalizer = {false, false, false, false};
    return {};
  }
  RR_RETURN_IF_ERROR(normalizer->object().status());
  RR_RETURN_IF_ERROR(expect_type(*normalizer, "BertNormalizer"));
  RR_ASSIGN_OR_RETURN(parts.normalizer.clean_text, normalizer->boolean_at("clean_text"));
  RR_ASSIGN_OR_RETURN(parts.normalizer.handle_chinese_chars,
                      normalizer->boolean_at("handle_chinese_chars"));
  RR_ASSIGN_OR_RETURN(parts.normalizer.lowercase, normalizer->boolean_at("lowercase"));
  parts.normalizer.strip_accents = parts.normalizer.lowercase;
  if (const auto strip = normalizer->find("strip_accents")) {
    RR_ASSIGN_OR_RETURN(parts.normalizer.strip_accents, strip->boolean());
  }
  return {};
}

Status read_pre_tokenizer(const Field& root) {
  const auto pre_tokenizer = root.find("pre_tokenizer");
  if (!pre_tokenizer) {
    return {Code::kUnsupported, "pre_tokenizer is null; only BertPreTokenizer is supported"};
  }
  RR_RETURN_IF_ERROR(pre_tokenizer->object().status());
  return expect_type(*pre_tokenizer, "BertPreTokenizer");
}

Status read_added_tokens(const Field& root, TokenizerParts& parts) {
  const auto added = root.find("added_tokens");
  if (!added) {
    return {};
  }
  RR_ASSIGN_OR_RETURN(const dom::array tokens, added->array());
  for (const dom::element element : tokens) {
    const Field field(element, fmt::format("added_tokens[{}]", parts.added_tokens.size()));
    RR_RETURN_IF_ERROR(field.object().status());
    AddedToken token;
    RR_ASSIGN_OR_RETURN(token.content, field.string_at("content"));
    RR_ASSIGN_OR_RETURN(token.id, field.number_at("id", kIdMax));
    RR_ASSIGN_OR_RETURN(token.single_word, field.boolean_at("single_word"));
    RR_ASSIGN_OR_RETURN(token.normalized, field.boolean_at("normalized"));
    RR_ASSIGN_OR_RETURN(token.special, field.boolean_at("special"));
    parts.added_tokens.push_back(std::move(token));
  }
  return {};
}

// ["[SEP]", 102]
Result<TokenId> read_token_and_id(const Field& processor, std::string_view key) {
  RR_ASSIGN_OR_RETURN(const Field field, processor.get(key));
  RR_ASSIGN_OR_RETURN(const dom::array pair, field.array());
  dom::element id;
  if (pair.size() != 2 || pair.at(1).get(id) != SUCCESS) {
    return corrupt(field.path(), "a token and its id");
  }
  return Field(id, field.path() + "[1]").number(kIdMax);
}

Status read_bert_processing(const Field& processor, TokenizerParts& parts) {
  RR_ASSIGN_OR_RETURN(const TokenId sep, read_token_and_id(processor, "sep"));
  RR_ASSIGN_OR_RETURN(const TokenId cls, read_token_and_id(processor, "cls"));
  parts.single = PairTemplate::bert_single(cls, sep);
  parts.pair = PairTemplate::bert_pair(cls, sep);
  return {};
}

// {"Sequence": {"id": "A", "type_id": 0}} or {"SpecialToken": {"id": "[CLS]", "type_id": 0}}; a
// special token may stand for several ids.
Status read_piece(const Field& piece, const Field& processor, std::vector<TemplatePiece>& pieces) {
  if (const auto sequence = piece.find("Sequence")) {
    RR_ASSIGN_OR_RETURN(const std::string_view side, sequence->string_at("id"));
    RR_ASSIGN_OR_RETURN(const int type_id, sequence->number_at("type_id", kTokenTypeMax));
    if (side != "A" && side != "B") {
      return corrupt(sequence->path() + ".id", "\"A\" or \"B\"");
    }
    const auto kind = side == "A" ? TemplatePiece::Kind::kQuery : TemplatePiece::Kind::kDocument;
    pieces.push_back({kind, type_id, 0});
    return {};
  }
  RR_ASSIGN_OR_RETURN(const Field special, piece.get("SpecialToken"));
  RR_ASSIGN_OR_RETURN(const std::string_view name, special.string_at("id"));
  RR_ASSIGN_OR_RETURN(const int type_id, special.number_at("type_id", kTokenTypeMax));
  RR_ASSIGN_OR_RETURN(const Field known, processor.get("special_tokens"));
  RR_ASSIGN_OR_RETURN(const Field token, known.get(name));
  RR_ASSIGN_OR_RETURN(const Field ids, token.get("ids"));
  RR_ASSIGN_OR_RETURN(const dom::array values, ids.array());
  for (const dom::element value : values) {
    RR_ASSIGN_OR_RETURN(const TokenId id, Field(value, ids.path()).number(kIdMax));
    pieces.push_back({TemplatePiece::Kind::kSpecial, type_id, id});
  }
  return {};
}

Result<PairTemplate> read_template(const Field& processor,
                                   std::string_view key,
                                   PairLengths wanted) {
  RR_ASSIGN_OR_RETURN(const Field field, processor.get(key));
  RR_ASSIGN_OR_RETURN(const dom::array elements, field.array());
  std::vector<TemplatePiece> pieces;
  std::size_t index = 0;
  for (const dom::element element : elements) {
    const Field piece(element, fmt::format("{}[{}]", field.path(), index++));
    RR_RETURN_IF_ERROR(read_piece(piece, processor, pieces));
    if (pieces.size() > kTemplatePiecesMax) {
      return Status(Code::kTooLarge,
                    fmt::format("{}: more than {} pieces", field.path(), kTemplatePiecesMax));
    }
  }
  PairTemplate made(std::move(pieces));
  if (const Status status = made.check(wanted); !status.ok()) {
    return Status(status.code(), fmt::format("{}: {}", field.path(), status.message()));
  }
  return made;
}

Status read_post_processor(const Field& root, TokenizerParts& parts) {
  const auto processor = root.find("post_processor");
  if (!processor) {
    return {Code::kUnsupported,
            "post_processor is null; a cross-encoder needs one that joins two texts"};
  }
  RR_ASSIGN_OR_RETURN(const std::string_view type, processor->string_at("type"));
  if (type == "BertProcessing") {
    return read_bert_processing(*processor, parts);
  }
  if (type != "TemplateProcessing") {
    return {Code::kUnsupported,
            fmt::format("post_processor.type is \"{}\"; only TemplateProcessing and "
                        "BertProcessing are supported",
                        type)};
  }
  RR_ASSIGN_OR_RETURN(parts.single, read_template(*processor, "single", {1, 0}));
  RR_ASSIGN_OR_RETURN(parts.pair, read_template(*processor, "pair", {1, 1}));
  return {};
}

}  // namespace

Result<TokenizerParts> parse_tokenizer_json(std::string_view json) {
  dom::parser parser;
  dom::element document;
  const simdjson::padded_string padded(json);
  if (const auto error = parser.allocate(json.size() + 1, kJsonDepthMax); error != SUCCESS) {
    return Status(Code::kTooLarge, simdjson::error_message(error));
  }
  if (const auto error = parser.parse(padded).get(document); error != SUCCESS) {
    return Status(Code::kCorrupt, fmt::format("is no JSON: {}", simdjson::error_message(error)));
  }
  const Field root(document, "");
  if (!root.object().ok()) {
    return Status(Code::kCorrupt, "must hold a JSON object");
  }
  TokenizerParts parts;
  RR_RETURN_IF_ERROR(read_model(root, parts));
  RR_RETURN_IF_ERROR(read_normalizer(root, parts));
  RR_RETURN_IF_ERROR(read_pre_tokenizer(root));
  RR_RETURN_IF_ERROR(read_added_tokens(root, parts));
  RR_RETURN_IF_ERROR(read_post_processor(root, parts));
  return parts;
}

}  // namespace rr::text
