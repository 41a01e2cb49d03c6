#include "api/json_reader.h"

#include <simdjson.h>

#include <algorithm>

namespace rr::api {

namespace {

constexpr std::size_t kKeptCapacityMax = std::size_t{1} << 20;

// True when `element` has containers nested deeper than `levels`.
bool deeper_than(simdjson::dom::element element, int levels) {
  const auto any = [levels](auto container, auto value_of) {
    return levels == 0 || std::any_of(container.begin(), container.end(), [&](auto item) {
             return deeper_than(value_of(item), levels - 1);
           });
  };
  if (simdjson::dom::array array; element.get_array().get(array) == simdjson::SUCCESS) {
    return any(array, [](simdjson::dom::element item) { return item; });
  }
  if (simdjson::dom::object object; element.get_object().get(object) == simdjson::SUCCESS) {
    return any(object, [](simdjson::dom::key_value_pair item) { return item.value; });
  }
  return false;
}

std::string phrase(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "the body is empty: expected a JSON object";
    case simdjson::UTF8_ERROR:
      return "the body is not valid UTF-8";
    case simdjson::STRING_ERROR:
      return "the body is not valid JSON: a string has a wrong escape or a lone surrogate";
    case simdjson::NUMBER_ERROR:
      return "the body is not valid JSON: a number is malformed or out of range";
    case simdjson::DEPTH_ERROR:
      return "the body is nested more than 32 levels deep";
    case simdjson::UNESCAPED_CHARS:
      return "the body is not valid JSON: a control character in a string is not escaped";
    case simdjson::UNCLOSED_STRING:
      return "the body is not valid JSON: a string is not closed";
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return "the body is too large to be read";
    default:
      return "the body is not valid JSON";
  }
}

}  // namespace

struct JsonReader::Parser {
  simdjson::dom::parser dom;
};

JsonReader::JsonReader() : parser_(std::make_unique<Parser>()) {}
JsonReader::~JsonReader() = default;

Status JsonReader::read(const std::string& body, simdjson::dom::element& root) {
  const bool padded = body.capacity() - body.size() >= simdjson::SIMDJSON_PADDING;
  const auto error = parser_->dom.parse(body.data(), body.size(), !padded).get(root);
  if (error != simdjson::SUCCESS) {
    return {Code::kInvalidArgument, phrase(error)};
  }
  // The parser's own limit does not count an empty container.
  if (deeper_than(root, kJsonDepthMax)) {
    return {Code::kInvalidArgument, phrase(simdjson::DEPTH_ERROR)};
  }
  return {};
}

void JsonReader::release() {
  if (parser_->dom.capacity() > kKeptCapacityMax) {
    parser_ = std::make_unique<Parser>();
  }
}

}  // namespace rr::api
