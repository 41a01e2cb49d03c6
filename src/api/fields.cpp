#include "api/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rr::api {

namespace {

// In the order of Field, which is alphabetical, so that names are found by bisection.
constexpr std::array<std::string_view, kFieldCount> kNames = {
    "data_1",
    "data_2",
    "deadline_ms",
    "documents",
    "inputs",
    "items",
    "max_doc_length",
    "max_tokens_per_doc",
    "max_tokens_per_query",
    "model",
    "queries",
    "query",
    "rank_count",
    "rank_fields",
    "raw_scores",
    "return_documents",
    "return_text",
    "text_1",
    "text_2",
    "texts",
    "top_k",
    "top_n",
    "truncate",
    "truncate_prompt_tokens",
    "truncation",
    "truncation_direction",
    "truncation_side",
    "use_activation",
};
static_assert(std::is_sorted(kNames.begin(), kNames.end()));

constexpr std::int64_t kWholeNumberMax = std::int64_t{1} << 31;

std::optional<std::int64_t> clamped(double value) {
  if (value != std::floor(value)) {
    return std::nullopt;
  }
  const auto limit = static_cast<double>(kWholeNumberMax);
  return static_cast<std::int64_t>(std::clamp(value, -limit, limit));
}

std::optional<std::int64_t> parse_whole_number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return std::clamp(value, -kWholeNumberMax, kWholeNumberMax);
}

std::optional<bool> parse_flag(std::string_view text) {
  std::string lower(text.substr(0, 8));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  if (lower == "true" || lower == "1" || lower == "yes") {
    return true;
  }
  if (lower == "false" || lower == "0" || lower == "no") {
    return false;
  }
  return std::nullopt;
}

}  // namespace

std::string_view field_name(Field field) {
  return kNames[static_cast<std::size_t>(field)];
}

FieldTable::FieldTable(simdjson::dom::object body) {
  for (const auto& member : body) {
    const auto* const found = std::lower_bound(kNames.begin(), kNames.end(), member.key);
    if (found != kNames.end() && *found == member.key) {
      values_[static_cast<std::size_t>(found - kNames.begin())] = member.value;
    }
  }
}

const simdjson::dom::element* FieldTable::find(Field field) const {
  const auto& value = values_[static_cast<std::size_t>(field)];
  return value.has_value() && !value->is_null() ? &*value : nullptr;
}

std::optional<bool> FieldReader::flag(Field field) {
  const auto* const value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  bool truth = false;
  if (value->get_bool().get(truth) == simdjson::SUCCESS) {
    return truth;
  }
  double number = 0;
  if (value->get_double().get(number) == simdjson::SUCCESS && (number == 0 || number == 1)) {
    return number == 1;
  }
  std::string_view text;
  if (value->get_string().get(text) == simdjson::SUCCESS) {
    if (const auto parsed = parse_flag(text)) {
      return parsed;
    }
  }
  fail(fmt::format("`{}` must be true or false", field_name(field)));
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::whole_number(Field field) {
  const auto* const value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::optional<std::int64_t> parsed;
  double number = 0;
  std::string_view text;
  if (value->get_double().get(number) == simdjson::SUCCESS) {
    parsed = clamped(number);
  } else if (value->get_string().get(text) == simdjson::SUCCESS) {
    parsed = parse_whole_number(text);
  }
  if (!parsed) {
    fail(fmt::format("`{}` must be a whole number", field_name(field)));
  }
  return parsed;
}

std::optional<double> FieldReader::number(Field field) {
  const auto* const value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  double number = 0;
  if (value->get_double().get(number) != simdjson::SUCCESS) {
    fail(fmt::format("`{}` must be a number", field_name(field)));
    return std::nullopt;
  }
  return number;
}

std::optional<std::string_view> FieldReader::string(Field field) {
  const auto* const value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::string_view text;
  if (value->get_string().get(text) != simdjson::SUCCESS) {
    fail(fmt::format("`{}` must be a string", field_name(field)));
    return std::nullopt;
  }
  return text;
}

std::optional<Field> FieldReader::first_of(std::initializer_list<Field> fields) const {
  for (const Field field : fields) {
    if (has(field)) {
      return field;
    }
  }
  return std::nullopt;
}

void FieldReader::fail(std::string message) {
  fail_with(style_.bad_value_status, std::move(message), TeiErrorType::kValidation);
}

void FieldReader::fail_with(int http_status, std::string message, TeiErrorType tei_type) {
  if (!error_) {
    error_ = RequestError{http_status, std::move(message), style_.form, tei_type};
  }
}

}  // namespace rr::api
