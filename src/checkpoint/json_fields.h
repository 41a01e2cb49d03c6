// Reading the small JSON objects of a checkpoint folder field by field, each checked by hand: kind,
// range, length. The first thing that is wrong is kept and every later getter answers "absent", so
// that a reader lists its fields and looks at status() once. Errors are kCorrupt with one line
// naming file, field, what was wanted and what was found. A field that is null counts as absent;
// unknown fields are ignored. Not thread-safe. Tested by json_fields_test.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rr::checkpoint {

struct IntegerRange {
  std::int64_t least;
  std::int64_t most;
};

class JsonFields {
 public:
  // `origin` names the file in messages. kCorrupt when `json` is no JSON object.
  static Result<JsonFields> parse(std::string_view origin, std::string_view json);
  ~JsonFields();
  JsonFields(JsonFields&&) noexcept;
  JsonFields& operator=(JsonFields&&) noexcept;

  bool has(std::string_view key) const;
  // An integer inside the range; 512 and 512.0 are both 512.
  std::optional<int> integer(std::string_view key, IntegerRange range);
  // The same, where absence is an error; 0 after an error.
  int required_integer(std::string_view key, IntegerRange range);
  std::optional<double> number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::string> string(std::string_view key);
  std::vector<std::string> strings(std::string_view key);  // a list of strings; empty when absent
  // Number of entries of an object or a list.
  std::optional<std::size_t> entry_count(std::string_view key);
  // A string inside an object: string_in("sentence_transformers", "activation_fn").
  std::optional<std::string> string_in(std::string_view object, std::string_view key);
  // An object as JSON text, for a reader of its own.
  std::optional<std::string> object_text(std::string_view key);
  // Every field of an object whose values must be strings, in file order, duplicates included.
  std::vector<std::pair<std::string, std::string>> string_map(std::string_view key);

  const Status& status() const { return status_; }

 private:
  struct Document;
  JsonFields(std::string_view origin, std::unique_ptr<Document> document);
  void fail(std::string_view key, std::string_view wanted);

  std::string origin_;
  std::unique_ptr<Document> document_;
  Status status_;
};

}  // namespace rr::checkpoint
