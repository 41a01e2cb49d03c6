// Tokenizing on one thread: the pairs of an evaluation set as the server would see them, and whole
// documents; then documents of 10 MB, cut to 512 tokens, of which most must not be looked at.
// For the evaluation set the rival is Hugging Face `tokenizers` (encode_batch_fast, one thread) on
// the same texts and tokenizer: tools/golden/tokenizer/time_reference.py prints the same figures.
//   bench_text_tokenizer [--tokenizer=DIR] [--corpus=corpus.jsonl] [Google Benchmark flags]

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace {

using rr::text::EncodedPair;
using rr::text::EncodedQuery;
using rr::text::PairOptions;
using rr::text::Tokenizer;
using rr::text::TruncationSide;

constexpr const char* kQuery = "0-dimensional biomaterials show inductive properties.";

std::vector<std::string> read_documents(const std::string& path) {
  std::vector<std::string> documents;
  simdjson::dom::parser parser;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const simdjson::dom::element row = parser.parse(line).value();
    documents.push_back(std::string(row["title"].get_string().value()) + " " +
                        std::string(row["text"].get_string().value()));
  }
  return documents;
}

void encode_pairs(benchmark::State& state,
                  const Tokenizer& tokenizer,
                  const std::vector<std::string>& documents) {
  PairOptions options;
  options.max_length = static_cast<int>(state.range(0));
  EncodedPair out;
  std::size_t bytes = 0;
  std::size_t pairs = 0;
  for (auto _ : state) {
    const EncodedQuery query = tokenizer.encode_query(kQuery, options);
    for (const std::string& document : documents) {
      tokenizer.encode_pair(query, document, options, out);
      benchmark::DoNotOptimize(out.input_ids.data());
      bytes += document.size();
    }
    pairs += documents.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(static_cast<std::int64_t>(pairs));
}

constexpr std::size_t kLongBytes = 10'000'000;

std::string repeated(const std::string& unit) {
  std::string text;
  text.reserve(kLongBytes + unit.size());
  while (text.size() < kLongBytes) {
    text += unit;
  }
  return text;
}

struct LongDocument {
  std::string kind;
  std::string text;
};

// Ordinary text, and what makes a tokenizer read far ahead: runs that no space ends, runs that come
// to nothing, and marks that must be sorted.
std::vector<LongDocument> long_documents(const std::vector<std::string>& documents) {
  std::string prose;
  for (std::size_t i = 0; prose.size() < kLongBytes; ++i) {
    prose += documents[i % documents.size()] + "\n";
  }
  return {{"prose", prose},
          {"cjk", repeated("駅から空港行きのバスが十五分ごとに出ています。")},
          {"one_word", repeated("abcdefghijklmnopqrstuvwxyz")},
          {"spaces", repeated(" ")},
          {"zero_width_spaces", repeated("\u200b")},
          {"combining_marks", "e" + repeated("\u0301\u0323\u0308")},
          {"accented_words", repeated("e\u0301\u0323te\u0301 ")},
          {"emoji", repeated("👩‍👩‍👧‍👦")}};
}

void encode_long(benchmark::State& state,
                 const Tokenizer& tokenizer,
                 const std::string& document,
                 TruncationSide side) {
  PairOptions options;
  options.max_length = 512;
  options.truncation_side = side;
  EncodedPair out;
  const EncodedQuery query = tokenizer.encode_query(kQuery, options);
  for (auto _ : state) {
    tokenizer.encode_pair(query, document, options, out);
    benchmark::DoNotOptimize(out.input_ids.data());
  }
}

// The value of --name=value, taken out of the arguments.
std::string take_flag(int& argc,
                      char** argv,
                      const std::string& name,
                      const std::string& fallback) {
  const std::string prefix = "--" + name + "=";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with(prefix)) {
      std::copy(argv + i + 1, argv + argc, argv + i);
      --argc;
      return argument.substr(prefix.size());
    }
  }
  return fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string root = RR_SOURCE_DIR;
  const std::string dir = take_flag(argc, argv, "tokenizer", root + "/tests/golden/tokenizer");
  const std::string corpus =
      take_flag(argc, argv, "corpus", root + "/../shared/data/eval/scifact/corpus.jsonl");
  const auto tokenizer = rr::text::load_tokenizer(dir);
  if (!tokenizer.ok()) {
    std::fprintf(stderr, "%s\n", tokenizer.status().message().c_str());
    return 1;
  }
  const std::vector<std::string> documents = read_documents(corpus);
  if (documents.empty()) {
    std::fprintf(stderr, "%s holds no documents\n", corpus.c_str());
    return 1;
  }
  // 100,000 tokens: nothing is cut, so all bytes count.
  benchmark::RegisterBenchmark(
      "encode_pair", [&](benchmark::State& state) { encode_pairs(state, **tokenizer, documents); })
      ->ArgName("max_length")
      ->Arg(512)
      ->Arg(100'000);
  const std::vector<LongDocument> texts = long_documents(documents);
  for (const LongDocument& text : texts) {
    for (const auto& [name, side] :
         {std::pair("right", TruncationSide::kRight), std::pair("left", TruncationSide::kLeft)}) {
      const auto run = [&text, &tokenizer, cut = side](benchmark::State& state) {
        encode_long(state, **tokenizer, text.text, cut);
      };
      benchmark::RegisterBenchmark(("long_document/" + text.kind + "/cut:" + name).c_str(), run)
          ->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
