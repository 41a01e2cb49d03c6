#include "cli/calibration_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/text_input.h"
#include "eval/beir_set.h"

namespace rr::cli {

namespace {

constexpr std::size_t kDocumentsPerQuery = 20;

class ListWriter {
 public:
  ListWriter(const text::Tokenizer& tokenizer, const CalibrationOptions& options)
      : tokenizer_(tokenizer), options_(options) {
    pair_options_.max_length = options.max_length;
  }

  bool is_full() const { return pairs_ >= options_.pairs_max; }

  void start(const std::string& query) {
    query_ = tokenizer_.encode_query(query, pair_options_);
    lists_.emplace_back();
  }

  void add(const std::string& document) {
    CalibrationList& list = lists_.back();
    tokenizer_.encode_pair(query_, document, pair_options_, pair_);
    list.input_ids.insert(list.input_ids.end(), pair_.input_ids.begin(), pair_.input_ids.end());
    list.token_type_ids.insert(
        list.token_type_ids.end(), pair_.token_type_ids.begin(), pair_.token_type_ids.end());
    list.cu_seqlens.push_back(static_cast<int>(list.input_ids.size()));
    ++pairs_;
  }

  std::vector<CalibrationList> take() && { return std::move(lists_); }

 private:
  const text::Tokenizer& tokenizer_;
  const CalibrationOptions& options_;
  text::PairOptions pair_options_;
  text::EncodedQuery query_;
  text::EncodedPair pair_;
  std::vector<CalibrationList> lists_;
  std::uint64_t pairs_ = 0;
};

Status read_set(const std::string& path, ListWriter& writer) {
  RR_ASSIGN_OR_RETURN(const eval::EvalSet set, eval::read_eval_set(path, {}));
  for (const eval::EvalQuery& query : set.queries) {
    if (query.first_stage.empty() || writer.is_full()) {
      continue;
    }
    writer.start(query.text);
    const std::size_t count = std::min(query.first_stage.size(), kDocumentsPerQuery);
    for (std::size_t i = 0; i < count && !writer.is_full(); ++i) {
      writer.add(set.documents.at(query.first_stage[i]));
    }
  }
  return {};
}

Status read_lines(const std::string& path, ListWriter& writer) {
  RR_ASSIGN_OR_RETURN(LineReader reader, LineReader::open(path));
  std::optional<std::string> query;
  while (!writer.is_full()) {
    RR_ASSIGN_OR_RETURN(const auto line, reader.next());
    if (!line) {
      break;
    }
    if (line->find_first_not_of(" \t") == std::string::npos) {
      continue;
    }
    RR_ASSIGN_OR_RETURN(const QueryDocument pair, parse_query_document(*line, reader.place()));
    if (query != pair.query) {
      query = pair.query;
      writer.start(pair.query);
    }
    writer.add(pair.document);
  }
  return {};
}

}  // namespace

Result<std::vector<CalibrationList>> read_calibration_texts(const std::string& path,
                                                            const text::Tokenizer& tokenizer,
                                                            const CalibrationOptions& options) {
  ListWriter writer(tokenizer, options);
  std::error_code error;
  RR_RETURN_IF_ERROR(std::filesystem::is_directory(path, error) ? read_set(path, writer)
                                                                : read_lines(path, writer));
  std::vector<CalibrationList> lists = std::move(writer).take();
  if (lists.empty()) {
    return Status(Code::kInvalidArgument, fmt::format("--calibration: {} holds no pair", path));
  }
  return lists;
}

}  // namespace rr::cli
