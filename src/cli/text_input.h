// What the commands read: FILE, or stdin for "" and "-". Every byte is hostile: invalid UTF-8, bad
// JSON and lines over the limit are errors with the line's number. Tested by text_input_test.cpp.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rr::cli {

// Reads lines without their end ("\n" or "\r\n"). Not thread-safe.
class LineReader {
 public:
  static Result<LineReader> open(const std::string& file);

  // nullopt at the end. kTooLarge for a line over 64 MiB; kCorrupt for a read error.
  Result<std::optional<std::string>> next();
  // "file:12", of the line that next() gave last.
  std::string place() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };
  LineReader(std::unique_ptr<std::FILE, Close> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}

  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
  std::size_t line_ = 0;
};

// A document a line; or, when the first line that is not blank is a JSON string or object, JSON
// Lines of strings and of objects with "text" (blank lines between them are skipped). A blank line
// of plain text is an empty document.
Result<std::vector<std::string>> read_documents(LineReader& reader);

struct QueryDocument {
  std::string query;
  std::string document;
};

// {"query":…,"document":…}; other fields are not looked at.
Result<QueryDocument> parse_query_document(std::string_view line, const std::string& place);

// {"query":…,"document":…}, or {"text":…}: the text of a single sequence.
struct TokenizeInput {
  std::optional<QueryDocument> pair;
  std::string text;
};
Result<TokenizeInput> parse_tokenize_input(std::string_view line, const std::string& place);

}  // namespace rr::cli
