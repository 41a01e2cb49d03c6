#include "api/documents.h"

#include <fmt/format.h>

#include <optional>

#include "base/json_text.h"
#include "base/utf8.h"

namespace rr::api {

namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kTextKeys[] = {
    "text", "document", "content", "body", "value", "snippet"};

std::optional<std::string> number_text(dom::element value) {
  std::int64_t whole = 0;
  std::uint64_t large = 0;
  double real = 0;
  if (value.is_int64() && value.get_int64().get(whole) == simdjson::SUCCESS) {
    return std::to_string(whole);
  }
  if (value.is_uint64() && value.get_uint64().get(large) == simdjson::SUCCESS) {
    return std::to_string(large);
  }
  if (value.is_double() && value.get_double().get(real) == simdjson::SUCCESS) {
    return json_number(real);
  }
  return std::nullopt;
}

// The text of a string or number.
std::optional<std::string> scalar_text(dom::element value, Numbers numbers) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  return numbers == Numbers::kAsText ? number_text(value) : std::nullopt;
}

std::optional<dom::element> last_member(dom::object object, std::string_view key) {
  std::optional<dom::element> found;
  for (const auto& member : object) {
    if (member.key == key) {
      found = member.value;
    }
  }
  return found;
}

std::optional<std::string> joined_fields(dom::object object, const DocumentRules& rules) {
  std::optional<std::string> joined;
  for (const std::string_view key : rules.rank_fields) {
    const auto member = last_member(object, key);
    const auto text = member ? scalar_text(*member, rules.numbers) : std::nullopt;
    if (text) {
      joined = joined ? *joined + ' ' + *text : *text;
    }
  }
  return joined;
}

std::optional<std::string> object_text(dom::object object, const DocumentRules& rules) {
  if (auto joined = joined_fields(object, rules)) {
    return joined;
  }
  std::optional<std::string> found;
  for (const std::string_view key : kTextKeys) {
    const auto member = last_member(object, key);
    auto text = member ? scalar_text(*member, rules.numbers) : std::nullopt;
    if (text && !text->empty()) {
      return text;
    }
    if (text && !found) {
      found = std::move(text);
    }
  }
  return found;
}

// The object as it came; where its own `text` is no text, the scored one stands there.
std::string object_echo(dom::object object, const std::string& text) {
  const auto own = last_member(object, "text");
  std::string_view own_text;
  const bool has_text = own && own->get_string().get(own_text) == simdjson::SUCCESS &&
                        (!own_text.empty() || text.empty());
  JsonText json;
  json.open_object();
  for (const auto& member : object) {
    if (has_text || member.key != "text") {
      json.key(member.key).raw(simdjson::minify(member.value));
    }
  }
  if (!has_text) {
    json.key("text").string(text);
  }
  json.close_object();
  return std::move(json).text();
}

EchoDocument echo_of(dom::element element, const std::string& text) {
  EchoDocument echo;
  dom::object object;
  if (element.get_object().get(object) == simdjson::SUCCESS) {
    echo.object_json = object_echo(object, text);
    const auto id = last_member(object, "id");
    if (id && !id->is_null()) {
      echo.id_json = simdjson::minify(*id);
    }
  }
  return echo;
}

std::optional<std::string> element_text(dom::element element, const DocumentRules& rules) {
  dom::object object;
  if (element.get_object().get(object) == simdjson::SUCCESS) {
    return object_text(object, rules);
  }
  return scalar_text(element, rules.numbers);
}

void add_document(FieldReader& in,
                  Field field,
                  dom::element element,
                  const DocumentRules& rules,
                  Documents& out) {
  auto text = element_text(element, rules);
  if (!text) {
    in.fail(
        fmt::format("`{}[{}]` has no text: expected a string or an object with one of text, "
                    "document, content, body, value, snippet",
                    field_name(field),
                    out.texts.size()));
    return;
  }
  if (rules.echo == Echo::kKeep) {
    out.echoes.push_back(echo_of(element, *text));
  }
  out.texts.push_back(std::move(*text));
}

void read_list(
    FieldReader& in, Field field, dom::array list, const DocumentRules& rules, Documents& out) {
  const std::size_t count = list.size();
  if (count == 0) {
    in.fail_with(400, fmt::format("`{}` cannot be empty", field_name(field)), TeiErrorType::kEmpty);
    return;
  }
  if (count > static_cast<std::size_t>(rules.max_documents)) {
    in.fail(fmt::format("`{}` has {} elements, more than the maximum of {}",
                        field_name(field),
                        count,
                        rules.max_documents));
    return;
  }
  out.texts.reserve(count);
  if (rules.echo == Echo::kKeep) {
    out.echoes.reserve(count);
  }
  for (const dom::element element : list) {
    add_document(in, field, element, rules, out);
    if (in.failed()) {
      return;
    }
  }
}

}  // namespace

Documents read_documents(FieldReader& in, Field field, const DocumentRules& rules) {
  Documents out;
  const auto* const value = in.find(field);
  if (value == nullptr) {
    in.fail(fmt::format("`{}` is missing: expected a list of documents", field_name(field)));
    return out;
  }
  dom::array list;
  if (value->get_array().get(list) != simdjson::SUCCESS) {
    in.fail(fmt::format("`{}` must be a list", field_name(field)));
    return out;
  }
  read_list(in, field, list, rules, out);
  return out;
}

void place_documents(Documents documents, InferenceCall& call) {
  call.request.documents = rerank::SharedTexts(std::move(documents.texts));
  if (documents.echoes.empty()) {
    return;
  }
  call.plan.texts = call.request.documents;
  call.plan.documents = std::move(documents.echoes);
  for (std::size_t i = 0; i < call.plan.documents.size(); ++i) {
    call.plan.documents[i].text = call.plan.texts[i];
  }
}

Documents read_text_or_list(FieldReader& in, Field field, const DocumentRules& rules) {
  Documents out;
  const auto* const value = in.find(field);
  if (value == nullptr) {
    in.fail(fmt::format("`{}` is missing", field_name(field)));
    return out;
  }
  dom::array list;
  if (value->get_array().get(list) == simdjson::SUCCESS) {
    read_list(in, field, list, rules, out);
    return out;
  }
  auto text = element_text(*value, rules);
  if (!text) {
    in.fail(fmt::format("`{}` must be a text or a list of texts", field_name(field)));
    return out;
  }
  out.texts.push_back(std::move(*text));
  return out;
}

bool is_blank(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const char32_t c = utf8_decode(text.substr(i));
    const bool space = (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 ||
                       c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
                       c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
    if (!space) {
      return false;
    }
    i += utf8_sequence_length(text.substr(i));
  }
  return true;
}

}  // namespace rr::api
