// The fields that any dialect knows, read by name: a table filled in one pass over the body's
// object (duplicate keys: the last wins; unknown keys are passed over), and a reader with one
// sticky error, so that a dialect's file reads as a list of its fields.
//   FieldReader in(table, {.form = ErrorForm::kUnion, .bad_value_status = 400});
//   request.truncate = in.flag(Field::kTruncate).value_or(true);
//   if (in.failed()) return in.error();
// null is the same as absent. Views live as long as the JsonReader's document. Tested by
// read_request_test.cpp. Includes simdjson: for .cpp files of this folder.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"

namespace rr::api {

enum class Field {
  kData1,
  kData2,
  kDeadlineMs,
  kDocuments,
  kInputs,
  kItems,
  kMaxDocLength,
  kMaxTokensPerDoc,
  kMaxTokensPerQuery,
  kModel,
  kQueries,
  kQuery,
  kRankCount,
  kRankFields,
  kRawScores,
  kReturnDocuments,
  kReturnText,
  kText1,
  kText2,
  kTexts,
  kTopK,
  kTopN,
  kTruncate,
  kTruncatePromptTokens,
  kTruncation,
  kTruncationDirection,
  kTruncationSide,
  kUseActivation,
};
inline constexpr std::size_t kFieldCount = 28;

std::string_view field_name(Field field);

class FieldTable {
 public:
  explicit FieldTable(simdjson::dom::object body);

  // Null when absent or JSON null.
  const simdjson::dom::element* find(Field field) const;
  bool has(Field field) const { return find(field) != nullptr; }
  // Present, even as null.
  bool names(Field field) const { return values_[static_cast<std::size_t>(field)].has_value(); }

 private:
  std::array<std::optional<simdjson::dom::element>, kFieldCount> values_;
};

// How errors of this request are answered.
struct ErrorStyle {
  ErrorForm form = ErrorForm::kUnion;
  int bad_value_status = 400;  // wrong types and missing fields
};

class FieldReader {
 public:
  FieldReader(const FieldTable& table, ErrorStyle style) : table_(table), style_(style) {}

  // true, false, 0, 1, or a string: "true", "1", "yes", "false", "0", "no" in any case.
  std::optional<bool> flag(Field field);
  // A whole number as 3, 3.0 or "3", clamped to ±2^31.
  std::optional<std::int64_t> whole_number(Field field);
  // Any number, as a double.
  std::optional<double> number(Field field);
  std::optional<std::string_view> string(Field field);

  const simdjson::dom::element* find(Field field) const { return table_.find(field); }
  bool has(Field field) const { return table_.has(field); }
  // The first of these that is present.
  std::optional<Field> first_of(std::initializer_list<Field> fields) const;

  bool failed() const { return error_.has_value(); }
  const RequestError& error() const { return *error_; }
  ErrorForm form() const { return style_.form; }
  // The first error stays.
  void fail(std::string message);
  void fail_with(int http_status, std::string message, TeiErrorType tei_type);

 private:
  const FieldTable& table_;
  ErrorStyle style_;
  std::optional<RequestError> error_;
};

}  // namespace rr::api
