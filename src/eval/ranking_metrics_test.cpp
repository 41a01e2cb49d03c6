#include "eval/ranking_metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace rr::eval {
namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& name) {
  std::ifstream in(std::string(RR_SOURCE_DIR "/tests/golden/eval/") + name);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);  // header
  while (std::getline(in, line)) {
    std::vector<std::string> row;
    std::istringstream columns(line);
    for (std::string column; std::getline(columns, column, '\t');) {
      row.push_back(column);
    }
    rows.push_back(std::move(row));
  }
  EXPECT_FALSE(rows.empty()) << name;
  return rows;
}

struct Golden {
  std::map<std::string, Judgments> qrels;
  std::map<std::string, Ranking> run;

  Golden() {
    for (const auto& row : rows_of("qrels.tsv")) {
      qrels[row[0]][row[1]] = std::stoi(row[2]);
    }
    for (const auto& row : rows_of("run.tsv")) {
      run[row[0]].push_back(row[1]);
    }
  }
};

TEST(RankingMetrics, EqualIrMeasuresOnEveryQueryOfTheGoldenRun) {
  const Golden golden;
  for (const auto& row : rows_of("expected.tsv")) {
    const Ranking& ranking = golden.run.at(row[0]);
    const Judgments& judgments = golden.qrels.at(row[0]);
    EXPECT_NEAR(ndcg(ranking, judgments, 10), std::stod(row[1]), 1e-6) << row[0];
    for (const int level : {1, 2}) {
      const std::size_t at = level == 1 ? 2 : 5;
      EXPECT_NEAR(reciprocal_rank(ranking, judgments, level, 10), std::stod(row[at]), 1e-6);
      EXPECT_NEAR(average_precision(ranking, judgments, level), std::stod(row[at + 1]), 1e-6);
      EXPECT_NEAR(recall(ranking, judgments, level, 100), std::stod(row[at + 2]), 1e-6);
    }
  }
}

TEST(QualityMean, RecallIsOverTheQueriesThatHaveARelevantDocumentTheRestOverAll) {
  QualityMean mean;
  mean.add({"a", "b"}, {{"b", 2}}, 2);
  mean.add({"a"}, {{"a", 1}}, 2);  // nothing of grade 2
  mean.add({}, {{"a", 2}}, 2);     // no candidates: counts 0
  EXPECT_EQ(mean.queries(), 3U);
  EXPECT_DOUBLE_EQ(mean.mean().mrr_at_10, 0.5 / 3);
  EXPECT_DOUBLE_EQ(mean.mean().map, 0.5 / 3);
  EXPECT_DOUBLE_EQ(mean.mean().recall_at_100, 0.5);
}

TEST(KendallTau, IsOneForTheSameOrderAndMinusOneForTheReverse) {
  const std::vector<float> rising = {1, 2, 3, 4};
  const std::vector<float> steeper = {1, 4, 9, 16};
  const std::vector<float> falling = {4, 3, 2, 1};
  EXPECT_DOUBLE_EQ(kendall_tau(rising, steeper), 1.0);
  EXPECT_DOUBLE_EQ(kendall_tau(rising, falling), -1.0);
  EXPECT_DOUBLE_EQ(kendall_tau({}, {}), 1.0);
}

// scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) = -0.4714045207910316
TEST(KendallTau, TiesCountAsInTauB) {
  const std::vector<float> a = {12, 2, 1, 12, 2};
  const std::vector<float> b = {1, 4, 7, 1, 0};
  EXPECT_NEAR(kendall_tau(a, b), -0.4714045207910316, 1e-12);
}

TEST(Overlap, IsTheShareOfTheTopThatBothHave) {
  EXPECT_DOUBLE_EQ(overlap({"a", "b", "c"}, {"b", "a", "d"}, 2), 1.0);
  EXPECT_DOUBLE_EQ(overlap({"a", "b", "c"}, {"c", "d", "e"}, 3), 1.0 / 3);
  EXPECT_DOUBLE_EQ(overlap({}, {}, 10), 1.0);
  EXPECT_DOUBLE_EQ(overlap({"a"}, {}, 10), 0.0);
}

}  // namespace
}  // namespace rr::eval
