#include "checkpoint/json_fields.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/utf8.h"

namespace rr::checkpoint {

struct JsonFields::Document {
  simdjson::dom::parser parser;
  simdjson::dom::object object;

  // The value under `key`, or nothing when it is missing or null.
  std::optional<simdjson::dom::element> find(std::string_view key) const {
    simdjson::dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) {
      return std::nullopt;
    }
    return value;
  }
};

namespace {

std::optional<std::int64_t> as_integer(simdjson::dom::element value) {
  std::int64_t integer = 0;
  if (value.get(integer) == simdjson::SUCCESS) {
    return integer;
  }
  double number = 0;
  constexpr double kExact = 9007199254740992;  // 2^53
  if (value.get(number) == simdjson::SUCCESS && std::trunc(number) == number &&
      std::abs(number) <= kExact) {
    return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

}  // namespace

JsonFields::JsonFields(std::string_view origin, std::unique_ptr<Document> document)
    : origin_(origin), document_(std::move(document)) {}
JsonFields::~JsonFields() = default;
JsonFields::JsonFields(JsonFields&&) noexcept = default;
JsonFields& JsonFields::operator=(JsonFields&&) noexcept = default;

Result<JsonFields> JsonFields::parse(std::string_view origin, std::string_view json) {
  auto document = std::make_unique<Document>();
  simdjson::dom::element root;
  const simdjson::error_code error = document->parser.parse(json.data(), json.size()).get(root);
  if (error != simdjson::SUCCESS) {
    return Status(Code::kCorrupt,
                  fmt::format("[{}] is no JSON: {}", origin, simdjson::error_message(error)));
  }
  if (root.get(document->object) != simdjson::SUCCESS) {
    return Status(Code::kCorrupt, fmt::format("[{}] wants a JSON object", origin));
  }
  return JsonFields(origin, std::move(document));
}

void JsonFields::fail(std::string_view key, std::string_view wanted) {
  if (!status_.ok()) {
    return;
  }
  std::string found = "nothing";
  if (const auto value = document_->find(key)) {
    found = simdjson::minify(*value);
    constexpr std::size_t kShown = 80;
    if (found.size() > kShown) {
      found.resize(kShown);
      found.resize(std::min(kShown, utf8_find_invalid(found)));  // never half a character
      found += "…";
    }
  }
  status_ = Status(Code::kCorrupt,
                   fmt::format("[{}] {}: wants {}, file has {}", origin_, key, wanted, found));
}

bool JsonFields::has(std::string_view key) const {
  return document_->find(key).has_value();
}

std::optional<int> JsonFields::integer(std::string_view key, IntegerRange range) {
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> integer = as_integer(*value);
  if (!integer || *integer < range.least || *integer > range.most) {
    fail(key, fmt::format("an integer from {} to {}", range.least, range.most));
    return std::nullopt;
  }
  return static_cast<int>(*integer);
}

int JsonFields::required_integer(std::string_view key, IntegerRange range) {
  if (!has(key)) {
    fail(key, fmt::format("an integer from {} to {}", range.least, range.most));
  }
  return integer(key, range).value_or(0);
}

std::optional<double> JsonFields::number(std::string_view key) {
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  double number = 0;
  if (value->get(number) != simdjson::SUCCESS) {
    fail(key, "a number");
    return std::nullopt;
  }
  return number;
}

std::optional<bool> JsonFields::boolean(std::string_view key) {
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  bool flag = false;
  if (value->get(flag) != simdjson::SUCCESS) {
    fail(key, "true or false");
    return std::nullopt;
  }
  return flag;
}

std::optional<std::string> JsonFields::string(std::string_view key) {
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) {
    fail(key, "a string");
    return std::nullopt;
  }
  return std::string(text);
}

std::vector<std::string> JsonFields::strings(std::string_view key) {
  std::vector<std::string> list;
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return list;
  }
  simdjson::dom::array array;
  if (value->get(array) != simdjson::SUCCESS) {
    fail(key, "a list of strings");
    return list;
  }
  for (const simdjson::dom::element entry : array) {
    std::string_view text;
    if (entry.get(text) != simdjson::SUCCESS) {
      fail(key, "a list of strings");
      return {};
    }
    list.emplace_back(text);
  }
  return list;
}

std::optional<std::string> JsonFields::object_text(std::string_view key) {
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  if (!value->is_object()) {
    fail(key, "an object");
    return std::nullopt;
  }
  return simdjson::minify(*value);
}

std::optional<std::size_t> JsonFields::entry_count(std::string_view key) {
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  std::size_t count = 0;
  if (simdjson::dom::object object; value->get(object) == simdjson::SUCCESS) {
    for ([[maybe_unused]] const auto field : object) {
      ++count;
    }
    return count;
  }
  if (simdjson::dom::array array; value->get(array) == simdjson::SUCCESS) {
    for ([[maybe_unused]] const auto entry : array) {
      ++count;
    }
    return count;
  }
  fail(key, "an object");
  return std::nullopt;
}

std::optional<std::string> JsonFields::string_in(std::string_view object, std::string_view key) {
  const auto value = document_->find(object);
  if (!status_.ok() || !value) {
    return std::nullopt;
  }
  simdjson::dom::object fields;
  if (value->get(fields) != simdjson::SUCCESS) {
    fail(object, "an object");
    return std::nullopt;
  }
  simdjson::dom::element inner;
  if (fields.at_key(key).get(inner) != simdjson::SUCCESS || inner.is_null()) {
    return std::nullopt;
  }
  std::string_view text;
  if (inner.get(text) != simdjson::SUCCESS) {
    fail(object, fmt::format("an object whose {} is a string", key));
    return std::nullopt;
  }
  return std::string(text);
}

std::vector<std::pair<std::string, std::string>> JsonFields::string_map(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> map;
  const auto value = document_->find(key);
  if (!status_.ok() || !value) {
    return map;
  }
  simdjson::dom::object fields;
  if (value->get(fields) != simdjson::SUCCESS) {
    fail(key, "an object of strings");
    return map;
  }
  for (const auto field : fields) {
    std::string_view text;
    if (field.value.get(text) != simdjson::SUCCESS) {
      fail(key, "an object of strings");
      return {};
    }
    map.emplace_back(field.key, text);
  }
  return map;
}

}  // namespace rr::checkpoint
