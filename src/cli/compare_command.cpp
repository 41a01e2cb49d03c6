// rerankd compare: what each dtype costs in ranking quality and gives in speed, on BEIR-style
// folders, against the first of them (`none` where it is named).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/engine_session.h"
#include "cli/set_scorer.h"
#include "engine/arithmetic.h"
#include "eval/price_list.h"
#include "model/memory_need.h"
#include "rerank/ranking.h"

namespace rr::cli {

namespace {

struct CompareFlags {
  std::vector<std::string> dirs;
  std::vector<std::string> dtypes = {"none", "bf16", "int8"};
  std::string out;
  std::uint64_t limit = 0;
  bool json = false;
};

// Logits of one set by query, in the order of the first stage.
using SetLogits = std::vector<std::vector<float>>;

// The baseline first: `none`, or else the first that was named.
Result<std::vector<std::string>> dtypes_in_order(const std::vector<std::string>& named) {
  std::vector<std::string> dtypes;
  for (const std::string& name : named) {
    RR_ASSIGN_OR_RETURN(const auto quantization, engine::quantization_from_name(name));
    const std::string dtype(engine::quantization_name(quantization));
    if (std::find(dtypes.begin(), dtypes.end(), dtype) == dtypes.end()) {
      dtypes.push_back(dtype);
    }
  }
  const auto none = std::find(dtypes.begin(), dtypes.end(), "none");
  if (none != dtypes.end()) {
    std::rotate(dtypes.begin(), none, none + 1);
  }
  return dtypes;
}

Result<std::vector<eval::EvalSet>> read_sets(const CompareFlags& flags) {
  eval::EvalSetOptions options;
  if (flags.limit > 0) {
    options.query_limit = flags.limit;
  }
  std::vector<eval::EvalSet> sets;
  for (const std::string& dir : flags.dirs) {
    RR_ASSIGN_OR_RETURN(eval::EvalSet set, eval::read_eval_set(dir, options));
    sets.push_back(std::move(set));
  }
  return sets;
}

// One set by one dtype. `baseline` is filled by the first dtype and compared with by the others.
Result<eval::DtypePrice> price_of(const eval::EvalSet& set,
                                  const std::string& dtype,
                                  EngineSession& session,
                                  SetLogits& baseline) {
  const bool is_baseline = baseline.empty();
  eval::RankingAgreement agreement;
  eval::QualityMean quality;
  std::size_t at = 0;
  const TakeQuery take = [&](const eval::EvalQuery& query,
                             std::span<const rerank::PairScore> scores) {
    std::vector<float> logits;
    for (const rerank::PairScore& score : scores) {
      logits.push_back(score.logit);
    }
    if (is_baseline) {
      baseline.push_back(logits);
    }
    agreement.add(baseline[at++], logits);
    eval::Ranking ranking;
    for (const std::size_t index :
         rerank::ranked_order(scores, rerank::TieOrder::kLowerIndexFirst)) {
      ranking.push_back(query.first_stage[index]);
    }
    quality.add(ranking, query.judgments, set.min_relevance);
    return Status();
  };
  eval::DtypePrice price;
  RR_ASSIGN_OR_RETURN(price.pairs_per_s,
                      score_eval_set(set, fmt::format("{} {}", set.name, dtype), session, take));
  price.dtype = dtype;
  price.numerics = session.model().executor.numerics;
  price.ndcg_at_10 = quality.mean().ndcg_at_10;
  price.agreement = agreement.figures();
  price.weight_bytes = session.model().executor.weight_bytes;
  return price;
}

Result<eval::PriceList> compare(const CompareFlags& flags,
                                const std::vector<std::string>& dtypes,
                                const Invocation& invocation) {
  RR_ASSIGN_OR_RETURN(const std::vector<eval::EvalSet> sets, read_sets(flags));
  eval::PriceList list;
  std::vector<SetLogits> baseline(sets.size());
  for (const eval::EvalSet& set : sets) {
    list.sets.push_back({set.name, set.queries.size(), pairs_of(set), {}});
  }
  for (const std::string& dtype : dtypes) {
    config::Settings settings = invocation.settings;
    settings.numerics.quantization = dtype;
    RR_ASSIGN_OR_RETURN(const auto session, EngineSession::open(settings, {}));
    RR_RETURN_IF_ERROR(session->warm_up());
    list.model = session->model().name;
    list.content_digest = session->loaded().content_digest.hex();
    list.baseline = dtypes.front();
    list.threads = session->executor().workers();
    for (std::size_t i = 0; i < sets.size(); ++i) {
      RR_ASSIGN_OR_RETURN(eval::DtypePrice price, price_of(sets[i], dtype, *session, baseline[i]));
      list.sets[i].dtypes.push_back(std::move(price));
    }
  }
  return list;
}

void print_text(const eval::PriceList& list) {
  std::cout << fmt::format("{}, {} threads, against {}\n", list.model, list.threads, list.baseline);
  for (const eval::SetPrices& set : list.sets) {
    std::cout << fmt::format(
        "{}: {} queries, {} pairs\n"
        "  dtype  nDCG@10  loss     Kendall tau  top-10 overlap  p99 |dlogit|  max |dlogit|  "
        "pairs/s"
        "    weights   numerics\n",
        set.name,
        set.queries,
        set.pairs);
    for (const eval::DtypePrice& price : set.dtypes) {
      std::cout << fmt::format(
          "  {:<6} {:.4f}   {:+.4f}  {:.4f}       {:5.1f} %         {:.4f}        {:.4f}"
          "        {:<9.1f}  {:<8}  {}\n",
          price.dtype,
          price.ndcg_at_10,
          set.dtypes.front().ndcg_at_10 - price.ndcg_at_10,
          price.agreement.kendall_tau,
          100 * price.agreement.top10_overlap,
          price.agreement.delta_p99,
          price.agreement.delta_max,
          price.pairs_per_s,
          model::shown_bytes(static_cast<std::int64_t>(price.weight_bytes)),
          price.numerics);
    }
  }
}

// Beside the file first, then renamed over it: a server never reads half a list.
Status write_list(const std::string& file, const std::string& json) {
  const std::string part = file + ".part";
  std::ofstream out(part, std::ios::binary);
  out << json << '\n';
  out.close();
  std::error_code error;
  if (out) {
    std::filesystem::rename(part, file, error);
  }
  if (!out || error) {
    std::filesystem::remove(part, error);
    return Status(Code::kInternal, fmt::format("--out: {} cannot be written", file));
  }
  return {};
}

int run_compare(const CompareFlags& flags, const Invocation& invocation) {
  const auto dtypes = dtypes_in_order(flags.dtypes);
  if (!dtypes.ok()) {
    return fail("--dtypes: " + dtypes.status().message(), kWrongUsage);
  }
  const auto list = compare(flags, *dtypes, invocation);
  if (!list.ok()) {
    return fail(list.status().message(), kFailed);
  }
  const std::string json = eval::price_list_json(*list);
  if (!flags.out.empty()) {
    if (const Status written = write_list(flags.out, json); !written.ok()) {
      return fail(written.message(), kFailed);
    }
  }
  if (flags.json) {
    std::cout << json << '\n';
  } else {
    print_text(*list);
  }
  return std::cout.flush() ? kDone : fail("writing to stdout failed", kFailed);
}

}  // namespace

Command compare_command() {
  auto flags = std::make_shared<CompareFlags>();
  Command command;
  command.name = "compare";
  command.summary = "ranking loss, speed and memory of each dtype on evaluation sets";
  command.examples =
      "  rerankd compare ./scifact\n"
      "  rerankd compare ./scifact ./nfcorpus --dtypes none,int8 --limit 100 --json\n"
      "  rerankd compare ./scifact --model ./my-model --out ./my-model/price_list.json\n"
      "The first dtype is what the others are compared with; `none` where it is among them. A\n"
      "price_list.json beside a model is served by GET /info as long as it belongs to these\n"
      "weights. Speeds are of one run, one dtype after the other: repeat on a quiet machine.";
  command.add_options = [flags](CLI::App& app) {
    app.add_option("DIR", flags->dirs, "folders as `eval` takes them")->required();
    app.add_option("--dtypes", flags->dtypes, "comma-separated [none,bf16,int8]")->delimiter(',');
    app.add_option("--limit", flags->limit, "the first N queries that have judgments; 0 = all");
    app.add_option("--out", flags->out, "write the JSON document too")->type_name("FILE");
    app.add_flag("--json", flags->json, "one JSON document");
  };
  command.run = [flags](const Invocation& invocation) { return run_compare(*flags, invocation); };
  return command;
}

}  // namespace rr::cli
