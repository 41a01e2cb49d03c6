#include "eval/beir_set.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <unordered_set>

namespace rr::eval {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLineBytes = 64U << 20;

// Where a reader stands, for messages.
struct Place {
  std::string file;
  std::size_t line = 0;

  Status corrupt(std::string_view what) const {
    return Status(Code::kCorrupt, fmt::format("[eval] {}:{}: {}", file, line, what));
  }
};

using LineReader = std::function<Status(std::string_view line, const Place& place)>;

// Calls `read` for every line that is not empty.
Status for_each_line(const fs::path& file, const LineReader& read) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return Status(Code::kNotFound, fmt::format("[eval] {}: no such file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Status(Code::kNotFound, fmt::format("[eval] {}: cannot be read", file.string()));
  }
  Place place{file.string(), 0};
  std::string line;
  while (std::getline(in, line)) {
    ++place.line;
    if (line.size() > kMaxLineBytes) {
      return Status(Code::kTooLarge,
                    fmt::format("[eval] {}:{}: a line over 64 MiB", place.file, place.line));
    }
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (!line.empty()) {
      RR_RETURN_IF_ERROR(read(line, place));
    }
  }
  if (in.bad()) {
    return Status(Code::kCorrupt, fmt::format("[eval] {}: reading failed", place.file));
  }
  return {};
}

// The columns of a line; the header (first line) is skipped by the caller.
std::vector<std::string_view> tab_columns(std::string_view line) {
  std::vector<std::string_view> columns;
  while (true) {
    const auto tab = line.find('\t');
    columns.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) {
      return columns;
    }
    line.remove_prefix(tab + 1);
  }
}

template <typename T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

using RowReader =
    std::function<Status(const std::vector<std::string_view>& columns, const Place& place)>;

Status for_each_row(const fs::path& file, std::size_t columns_wanted, const RowReader& read) {
  return for_each_line(file, [&](std::string_view line, const Place& place) -> Status {
    const auto columns = tab_columns(line);
    if (columns.size() != columns_wanted) {
      return place.corrupt(
          fmt::format("wants {} columns between tabs, has {}", columns_wanted, columns.size()));
    }
    if (place.line == 1) {
      return columns[0] == "query-id" && columns[1] == "corpus-id"
                 ? Status()
                 : place.corrupt("the header must start with query-id, corpus-id");
    }
    if (columns[0].empty() || columns[1].empty()) {
      return place.corrupt("an empty id");
    }
    return read(columns, place);
  });
}

struct Record {
  std::string id;
  std::string title;
  std::string text;
};

using RecordReader = std::function<Status(Record record, const Place& place)>;

Status text_field(simdjson::dom::object object, const char* name, std::string& out) {
  std::string_view text;
  const auto error = object[name].get(text);
  if (error == simdjson::NO_SUCH_FIELD) {
    return Status(Code::kNotFound, fmt::format("\"{}\" is missing", name));
  }
  if (error != simdjson::SUCCESS) {
    return Status(Code::kCorrupt, fmt::format("\"{}\" must be a string", name));
  }
  out = text;
  return {};
}

Status for_each_record(const fs::path& file, const RecordReader& read) {
  simdjson::dom::parser parser;
  return for_each_line(file, [&](std::string_view line, const Place& place) -> Status {
    simdjson::dom::object object;
    if (const auto error = parser.parse(line.data(), line.size()).get(object)) {
      return place.corrupt(fmt::format("no JSON object: {}", simdjson::error_message(error)));
    }
    Record record;
    for (const auto& [name, out] :
         {std::pair("_id", &record.id), std::pair("text", &record.text)}) {
      if (const Status status = text_field(object, name, *out); !status.ok()) {
        return place.corrupt(status.message());
      }
    }
    const Status title = text_field(object, "title", record.title);
    if (!title.ok() && title.code() != Code::kNotFound) {
      return place.corrupt(title.message());
    }
    return read(std::move(record), place);
  });
}

using Qrels = std::unordered_map<std::string, Judgments>;

Result<Qrels> read_qrels(const fs::path& file) {
  Qrels qrels;
  const Status status = for_each_row(
      file, 3, [&](const std::vector<std::string_view>& columns, const Place& place) -> Status {
        const auto grade = parse<int>(columns[2]);
        if (!grade) {
          return place.corrupt("the score must be a whole number");
        }
        const bool added =
            qrels[std::string(columns[0])].emplace(std::string(columns[1]), *grade).second;
        return added ? Status() : place.corrupt("this pair was judged before");
      });
  if (!status.ok()) {
    return status;
  }
  return qrels;
}

Status read_queries(const fs::path& file,
                    Qrels qrels,
                    const EvalSetOptions& options,
                    EvalSet& set) {
  std::unordered_set<std::string> seen;
  const std::size_t limit = options.query_limit.value_or(qrels.size());
  RR_RETURN_IF_ERROR(for_each_record(file, [&](Record record, const Place& place) -> Status {
    if (!seen.insert(record.id).second) {
      return place.corrupt(fmt::format("query \"{}\" is there twice", record.id));
    }
    const auto judged = qrels.find(record.id);
    if (judged != qrels.end() && set.queries.size() < limit) {
      set.queries.push_back(
          {std::move(record.id), std::move(record.text), std::move(judged->second), {}});
    }
    return {};
  }));
  if (set.queries.empty()) {
    return Status(Code::kCorrupt, fmt::format("[eval] {}: no query has a judgment", file.string()));
  }
  return {};
}

struct RankedDocument {
  std::int64_t rank;
  std::string id;
};

Status read_first_stage(const fs::path& file, EvalSet& set) {
  std::unordered_map<std::string_view, EvalQuery*> by_id;
  for (EvalQuery& query : set.queries) {
    by_id.emplace(query.id, &query);
  }
  std::unordered_map<EvalQuery*, std::vector<RankedDocument>> lists;
  RR_RETURN_IF_ERROR(for_each_row(
      file, 4, [&](const std::vector<std::string_view>& columns, const Place& place) -> Status {
        const auto rank = parse<std::int64_t>(columns[2]);
        if (!rank || *rank < 1) {
          return place.corrupt("the rank must be a whole number from 1");
        }
        const auto query = by_id.find(columns[0]);
        if (query != by_id.end()) {
          lists[query->second].push_back({*rank, std::string(columns[1])});
        }
        return {};
      }));
  for (auto& [query, list] : lists) {
    std::stable_sort(
        list.begin(), list.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    std::unordered_set<std::string_view> seen;
    for (const RankedDocument& document : list) {
      if (!seen.insert(document.id).second) {
        return Status(Code::kCorrupt,
                      fmt::format("[eval] {}: query \"{}\" has document \"{}\" twice",
                                  file.string(),
                                  query->id,
                                  document.id));
      }
      query->first_stage.push_back(document.id);
    }
  }
  return {};
}

// Keeps only the texts that some list needs; every one of them must be there.
Status read_corpus(const fs::path& file, EvalSet& set) {
  std::unordered_set<std::string_view> wanted;
  for (const EvalQuery& query : set.queries) {
    wanted.insert(query.first_stage.begin(), query.first_stage.end());
  }
  RR_RETURN_IF_ERROR(for_each_record(file, [&](Record record, const Place& place) -> Status {
    if (!wanted.contains(record.id)) {
      return {};
    }
    std::string text =
        record.title.empty() ? std::move(record.text) : record.title + " " + record.text;
    const bool added = set.documents.emplace(record.id, std::move(text)).second;
    return added ? Status()
                 : place.corrupt(fmt::format("document \"{}\" is there twice", record.id));
  }));
  for (const std::string_view id : wanted) {
    if (!set.documents.contains(std::string(id))) {
      return Status(
          Code::kCorrupt,
          fmt::format(
              "[eval] {}: document \"{}\" of the first stage is missing", file.string(), id));
    }
  }
  return {};
}

// "MRR and Recall count score >= 2 as relevant."
int min_relevance_of(const fs::path& source) {
  constexpr std::string_view kWords = "count score >= ";
  std::ifstream in(source);
  std::string line;
  while (std::getline(in, line)) {
    const auto start = line.find(kWords);
    if (start == std::string::npos) {
      continue;
    }
    const std::string_view rest = std::string_view(line).substr(start + kWords.size());
    if (const auto grade = parse<int>(rest.substr(0, rest.find(' ')))) {
      return *grade;
    }
  }
  return 1;
}

}  // namespace

Result<EvalSet> read_eval_set(const fs::path& dir, const EvalSetOptions& options) {
  std::error_code error;
  if (!fs::is_directory(dir, error)) {
    return Status(Code::kNotFound, fmt::format("[eval] {}: no such folder", dir.string()));
  }
  EvalSet set;
  const fs::path whole = fs::weakly_canonical(dir, error);
  set.name = error ? dir.filename().string() : whole.filename().string();
  set.min_relevance = options.min_relevance.value_or(min_relevance_of(dir / "SOURCE.md"));
  RR_ASSIGN_OR_RETURN(Qrels qrels, read_qrels(dir / "qrels.tsv"));
  RR_RETURN_IF_ERROR(read_queries(dir / "queries.jsonl", std::move(qrels), options, set));
  RR_RETURN_IF_ERROR(read_first_stage(dir / "bm25_top100.tsv", set));
  RR_RETURN_IF_ERROR(read_corpus(dir / "corpus.jsonl", set));
  return set;
}

}  // namespace rr::eval
