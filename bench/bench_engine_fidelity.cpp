// What quantization costs on a trained model: p99 and largest |Δlogit| of every 16-bit and 8-bit
// arithmetic of this machine against fp32, on models/builtin and real texts of ../shared/data/eval
// (first-stage candidates of five sets in two languages), within engine/tolerances.h. Prints one
// row per arithmetic, with the mean overlap of the ten best documents of each query. Skips where
// the texts are not there.
//   bench_engine_fidelity [TEXTS-DIR [MODEL-DIR]]
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/cpu_executor.h"
#include "engine/tolerances.h"
#include "kernels/kernel_table.h"
#include "model/loaded_model.h"

namespace rr {
namespace {

constexpr int kDocuments = 20;  // of each query
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kQueries = 1;  // of each set
#else
constexpr int kQueries = 3;
#endif

// The two arguments of the program: other texts, another model.
std::filesystem::path texts_dir = RR_SOURCE_DIR "/../shared/data/eval";
std::filesystem::path model_dir = RR_SOURCE_DIR "/models/builtin";

std::map<std::string, std::string> read_texts(const std::filesystem::path& file) {
  std::map<std::string, std::string> texts;
  simdjson::dom::parser parser;
  simdjson::dom::document_stream lines;
  const auto content = simdjson::padded_string::load(file.string());
  if (content.error() != simdjson::SUCCESS ||
      parser.parse_many(content.value_unsafe()).get(lines) != simdjson::SUCCESS) {
    return texts;
  }
  for (const auto line : lines) {
    std::string_view id;
    std::string_view text;
    if (line["_id"].get(id) == simdjson::SUCCESS && line["text"].get(text) == simdjson::SUCCESS) {
      texts[std::string(id)] = text;
    }
  }
  return texts;
}

// kQueries queries of one set, each with the first kDocuments of its first stage.
using Lists = std::vector<std::vector<text::EncodedPair>>;

void add_lists(const std::filesystem::path& set, const model::LoadedModel& model, Lists& lists) {
  const auto queries = read_texts(set / "queries.jsonl");
  const auto corpus = read_texts(set / "corpus.jsonl");
  std::ifstream run(set / "bm25_top100.tsv");
  text::PairOptions options;
  options.max_length = model.max_length;
  std::map<std::string, std::vector<text::EncodedPair>> found;
  for (std::string line; std::getline(run, line);) {
    std::istringstream fields(line);
    std::string query;
    std::string document;
    fields >> query >> document;
    const auto text = queries.find(query);
    const auto body = corpus.find(document);
    const bool known = text != queries.end() && body != corpus.end();
    if (!known || (found.size() >= kQueries && found.count(query) == 0) ||
        found[query].size() >= kDocuments) {
      continue;
    }
    auto& pair = found[query].emplace_back();
    const auto encoded = model.tokenizer->encode_query(text->second, options);
    model.tokenizer->encode_pair(encoded, body->second, options, pair);
  }
  for (auto& [query, pairs] : found) {
    lists.push_back(std::move(pairs));
  }
}

std::vector<std::vector<float>> score(engine::Executor& executor, const Lists& lists) {
  std::vector<std::vector<float>> logits;
  for (const auto& list : lists) {
    std::vector<TokenId> ids;
    std::vector<TokenId> types;
    std::vector<int> ends = {0};
    for (const auto& pair : list) {
      ids.insert(ids.end(), pair.input_ids.begin(), pair.input_ids.end());
      types.insert(types.end(), pair.token_type_ids.begin(), pair.token_type_ids.end());
      ends.push_back(static_cast<int>(ids.size()));
    }
    auto& of_list = logits.emplace_back(list.size());
    EXPECT_TRUE(executor.score(0, {ids, types, ends}, of_list).ok());
  }
  return logits;
}

std::set<std::size_t> ten_best(const std::vector<float>& logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return logits[a] > logits[b];
  });
  order.resize(std::min<std::size_t>(order.size(), 10));
  return {order.begin(), order.end()};
}

struct Loss {
  double p99 = 0;
  double largest = 0;
  double overlap = 0;
};

Loss loss_of(const std::vector<std::vector<float>>& exact,
             const std::vector<std::vector<float>>& logits) {
  Loss loss;
  std::vector<double> apart;
  for (std::size_t list = 0; list < exact.size(); ++list) {
    for (std::size_t i = 0; i < exact[list].size(); ++i) {
      apart.push_back(std::fabs(exact[list][i] - logits[list][i]));
    }
    const auto best = ten_best(exact[list]);
    const auto ours = ten_best(logits[list]);
    std::vector<std::size_t> both;
    std::set_intersection(
        best.begin(), best.end(), ours.begin(), ours.end(), std::back_inserter(both));
    loss.overlap += static_cast<double>(both.size()) / static_cast<double>(best.size()) /
                    static_cast<double>(exact.size());
  }
  std::sort(apart.begin(), apart.end());
  loss.p99 = apart[apart.size() * 99 / 100];
  loss.largest = apart.back();
  return loss;
}

std::unique_ptr<engine::Executor> executor_of(const model::LoadedModel& model,
                                              std::string_view isa,
                                              const char* quantization) {
  engine::CpuExecutorOptions options;
  options.isa = isa;
  options.quantization = quantization;
  auto made = engine::make_cpu_executor(model.spec, model.weights, options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(made).value();
}

TEST(Fidelity, QuantizationOfTheBuiltInModelStaysWithinTheTolerances) {
  if (!std::filesystem::exists(texts_dir)) {
    GTEST_SKIP() << "no texts at " << texts_dir;
  }
  const auto model = model::load_model(model_dir, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  Lists lists;
  for (const char* set : {"scifact", "squad-dev", "medquad-liveqa", "xquad-en", "xquad-de"}) {
    add_lists(texts_dir / set, *model, lists);
  }
  ASSERT_FALSE(lists.empty());
  const auto best = executor_of(*model, kernels::isa_name(kernels::best_isa()), "none");
  const auto exact = score(*best, lists);
  std::set<std::string> seen;
  for (const kernels::Isa isa : kernels::available_isas()) {
    for (const char* quantization : {"bf16", "int8"}) {
      const auto executor = executor_of(*model, kernels::isa_name(isa), quantization);
      if (isa == kernels::Isa::kGeneric || !seen.insert(executor->info().numerics).second) {
        continue;
      }
      const Loss loss = loss_of(exact, score(*executor, lists));
      const auto tolerance = engine::tolerance_of(*engine::quantization_from_name(quantization),
                                                  engine::MixedPrecision::kOff);
      std::printf("  %-20s p99 %.4f  largest %.4f  ten best in common %.1f %%\n",
                  executor->info().numerics.c_str(),
                  loss.p99,
                  loss.largest,
                  100 * loss.overlap);
      EXPECT_LE(loss.p99, tolerance.percentile_99) << executor->info().numerics;
      EXPECT_LE(loss.largest, tolerance.largest) << executor->info().numerics;
      EXPECT_GE(loss.overlap, 0.95) << executor->info().numerics;
    }
  }
}

}  // namespace
}  // namespace rr

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) {
    rr::texts_dir = argv[1];
  }
  if (argc > 2) {
    rr::model_dir = argv[2];
  }
  return RUN_ALL_TESTS();
}
