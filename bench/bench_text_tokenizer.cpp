// Tokenizing real text on one thread: the pairs of an evaluation set as the server would see them,
// and whole documents. The rival is Hugging Face `tokenizers` (encode_batch_fast, one thread) on
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
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
