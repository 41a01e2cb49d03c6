#include "cli/text_input.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <system_error>

#include "base/utf8.h"

namespace rr::cli {

namespace {

constexpr std::size_t kMaxLineBytes = 64U << 20;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

Status corrupt(const std::string& place, std::string_view what) {
  return Status(Code::kCorrupt, fmt::format("{}: {}", place, what));
}

// The field's text; nullopt when it is not there.
Result<std::optional<std::string>> text_field(simdjson::dom::object object,
                                              const char* name,
                                              const std::string& place) {
  std::string_view text;
  const auto error = object[name].get(text);
  if (error == simdjson::NO_SUCH_FIELD) {
    return std::optional<std::string>();
  }
  if (error != simdjson::SUCCESS) {
    return corrupt(place, fmt::format("\"{}\" must be a string", name));
  }
  return std::optional<std::string>(text);
}

// simdjson wants the parser to outlive what it returned.
class JsonLine {
 public:
  Status parse(std::string_view line, const std::string& place) {
    if (const auto error = parser_.parse(line.data(), line.size()).get(element_)) {
      return corrupt(place, fmt::format("bad JSON: {}", simdjson::error_message(error)));
    }
    return {};
  }
  Result<simdjson::dom::object> object(const std::string& place) const {
    simdjson::dom::object object;
    if (element_.get(object) != simdjson::SUCCESS) {
      return corrupt(place, "must be a JSON object");
    }
    return object;
  }
  std::optional<std::string> string() const {
    std::string_view text;
    return element_.get(text) == simdjson::SUCCESS ? std::optional(std::string(text))
                                                   : std::nullopt;
  }
  bool is_string_or_object() const { return element_.is_string() || element_.is_object(); }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element element_;
};

bool starts_json_lines(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || (line[first] != '"' && line[first] != '{')) {
    return false;
  }
  JsonLine json;
  return json.parse(line, "").ok() && json.is_string_or_object();
}

Result<std::string> json_document(std::string_view line, const std::string& place) {
  JsonLine json;
  RR_RETURN_IF_ERROR(json.parse(line, place));
  if (auto text = json.string()) {
    return *std::move(text);
  }
  RR_ASSIGN_OR_RETURN(auto object, json.object(place));
  RR_ASSIGN_OR_RETURN(auto text, text_field(object, "text", place));
  if (!text) {
    return corrupt(place, "a document must be a string or an object with \"text\"");
  }
  return *std::move(text);
}

}  // namespace

void LineReader::Close::operator()(std::FILE* file) const {
  if (file != stdin) {
    std::fclose(file);
  }
}

Result<LineReader> LineReader::open(const std::string& file) {
  if (file.empty() || file == "-") {
    return LineReader(std::unique_ptr<std::FILE, Close>(stdin), "stdin");
  }
  std::unique_ptr<std::FILE, Close> opened(std::fopen(file.c_str(), "rbe"));
  if (!opened) {
    return Status(Code::kNotFound,
                  fmt::format("{}: {}", file, std::generic_category().message(errno)));
  }
  return LineReader(std::move(opened), file);
}

Result<std::optional<std::string>> LineReader::next() {
  std::string line;
  char* buffer = nullptr;
  std::size_t capacity = 0;
  const ssize_t length = getline(&buffer, &capacity, file_.get());
  const std::unique_ptr<char, decltype(&std::free)> owner(buffer, &std::free);
  ++line_;
  if (length < 0) {
    if (std::ferror(file_.get()) != 0) {
      return corrupt(place(), "reading failed");
    }
    return std::optional<std::string>();
  }
  line.assign(buffer, static_cast<std::size_t>(length));
  if (line.size() > kMaxLineBytes) {
    return Status(Code::kTooLarge, fmt::format("{}: a line over 64 MiB", place()));
  }
  if (line.ends_with('\n')) {
    line.pop_back();
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  if (utf8_find_invalid(line) != std::string_view::npos) {
    return corrupt(place(), "invalid UTF-8");
  }
  return std::optional<std::string>(std::move(line));
}

std::string LineReader::place() const {
  return fmt::format("{}:{}", name_, line_);
}

Result<std::vector<std::string>> read_documents(LineReader& reader) {
  std::vector<std::string> documents;
  enum class Form { kUnknown, kPlain, kJsonLines } form = Form::kUnknown;
  while (true) {
    RR_ASSIGN_OR_RETURN(auto line, reader.next());
    if (!line) {
      return documents;
    }
    if (form == Form::kUnknown && !is_blank(*line)) {
      form = starts_json_lines(*line) ? Form::kJsonLines : Form::kPlain;
      if (form == Form::kJsonLines) {
        documents.clear();  // blank lines before the first JSON line
      }
    }
    if (form != Form::kJsonLines) {
      documents.push_back(*std::move(line));
    } else if (!is_blank(*line)) {
      RR_ASSIGN_OR_RETURN(std::string text, json_document(*line, reader.place()));
      documents.push_back(std::move(text));
    }
  }
}

Result<QueryDocument> parse_query_document(std::string_view line, const std::string& place) {
  RR_ASSIGN_OR_RETURN(TokenizeInput input, parse_tokenize_input(line, place));
  if (!input.pair) {
    return corrupt(place, "\"query\" and \"document\" are missing");
  }
  return *std::move(input.pair);
}

Result<TokenizeInput> parse_tokenize_input(std::string_view line, const std::string& place) {
  JsonLine json;
  RR_RETURN_IF_ERROR(json.parse(line, place));
  RR_ASSIGN_OR_RETURN(auto object, json.object(place));
  RR_ASSIGN_OR_RETURN(auto query, text_field(object, "query", place));
  RR_ASSIGN_OR_RETURN(auto document, text_field(object, "document", place));
  if (query && document) {
    return TokenizeInput{QueryDocument{*std::move(query), *std::move(document)}, ""};
  }
  if (query || document) {
    return corrupt(place, query ? "\"document\" is missing" : "\"query\" is missing");
  }
  RR_ASSIGN_OR_RETURN(auto text, text_field(object, "text", place));
  if (!text) {
    return corrupt(place, "wants \"query\" and \"document\", or \"text\"");
  }
  return TokenizeInput{std::nullopt, *std::move(text)};
}

}  // namespace rr::cli
