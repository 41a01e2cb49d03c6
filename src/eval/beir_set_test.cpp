#include "eval/beir_set.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/temp_dir.h"

namespace rr::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BeirSet : public ::testing::Test {
 protected:
  BeirSet() {
    write("corpus.jsonl",
          R"({"_id":"d1","title":"T","text":"one"})"
          "\n"
          R"({"_id":"d2","title":"","text":"two"})"
          "\n"
          R"({"_id":"d3","text":"three"})"
          "\n");
    write("queries.jsonl",
          R"({"_id":"q0","text":"nobody judged this"})"
          "\n"
          R"({"_id":"q2","text":"second"})"
          "\n"
          R"({"_id":"q1","text":"first"})"
          "\n");
    write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td9\t2\n");
    write("bm25_top100.tsv",
          "query-id\tcorpus-id\trank\tscore\nq1\td2\t2\t0.5\nq1\td1\t1\t0.7\nq1\td3\t3\t0.1\n");
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
  }
  Result<EvalSet> read(const EvalSetOptions& options = {}) const {
    return read_eval_set(dir_.path(), options);
  }
  std::string error_with(const std::string& name, const std::string& text) {
    write(name, text);
    const auto set = read();
    return set.ok() ? "no error" : set.status().message();
  }

  const TempDir dir_;
};

TEST_F(BeirSet, ReadsJudgedQueriesInFileOrderAndListsByRank) {
  const auto set = read();
  ASSERT_TRUE(set.ok()) << set.status().message();
  ASSERT_EQ(set->queries.size(), 2U);
  EXPECT_EQ(set->queries[0].id, "q2");
  EXPECT_TRUE(set->queries[0].first_stage.empty());
  EXPECT_EQ(set->queries[1].text, "first");
  EXPECT_THAT(set->queries[1].first_stage, ElementsAre("d1", "d2", "d3"));
  EXPECT_EQ(set->documents.at("d1"), "T one");
  EXPECT_EQ(set->documents.at("d2"), "two");
  EXPECT_EQ(set->documents.at("d3"), "three");
  EXPECT_EQ(set->min_relevance, 1);
}

TEST_F(BeirSet, TheLimitCountsQueriesWithJudgments) {
  EXPECT_EQ(read({.query_limit = 1, .min_relevance = {}})->queries.size(), 1U);
  EXPECT_EQ(read({.query_limit = 9, .min_relevance = {}})->queries.size(), 2U);
}

TEST_F(BeirSet, SourceMdStatesTheLevelOfRelevanceAndTheOptionWins) {
  write("SOURCE.md", "# A set\n223 with score > 0\nMRR and Recall count score >= 2 as relevant.\n");
  EXPECT_EQ(read()->min_relevance, 2);
  EXPECT_EQ(read({.query_limit = {}, .min_relevance = 3})->min_relevance, 3);
}

TEST_F(BeirSet, WindowsLineEndsAndEmptyLinesAreFine) {
  write("qrels.tsv", "query-id\tcorpus-id\tscore\r\nq1\td1\t1\r\n\r\n");
  EXPECT_EQ(read()->queries.size(), 1U);
}

TEST_F(BeirSet, HostileLinesAreNamedByFileAndLine) {
  EXPECT_THAT(error_with("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\n"),
              HasSubstr("qrels.tsv:2: wants 3 columns"));
  EXPECT_THAT(error_with("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1.5\n"),
              HasSubstr("qrels.tsv:2: the score must be a whole number"));
  EXPECT_THAT(error_with("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td1\t0\n"),
              HasSubstr("qrels.tsv:3: this pair was judged before"));
  EXPECT_THAT(error_with("qrels.tsv", "q1\td1\t1\n"), HasSubstr("qrels.tsv:1: the header"));
}

TEST_F(BeirSet, HostileJsonIsNamedByFileAndLine) {
  for (const char* line : {"{",
                           "[1]",
                           "nonsense",
                           "{\"_id\":\"x\"}",
                           "{\"_id\":1,\"text\":\"\"}",
                           "{\"_id\":\"x\",\"text\":\"a\\ud800\"}",
                           "{\"_id\":\"x\",\"text\":\"\xFF\"}",
                           "{\"_id\":\"x\",\"title\":3,\"text\":\"\"}"}) {
    EXPECT_THAT(error_with("queries.jsonl", std::string(line) + "\n"),
                HasSubstr("queries.jsonl:1: "))
        << line;
  }
}

TEST_F(BeirSet, DuplicatesAndDanglingIdsAreErrors) {
  EXPECT_THAT(error_with("bm25_top100.tsv",
                         "query-id\tcorpus-id\trank\tscore\nq1\td1\t1\t1\nq1\td1\t2\t1\n"),
              HasSubstr("has document \"d1\" twice"));
  EXPECT_THAT(error_with("bm25_top100.tsv", "query-id\tcorpus-id\trank\tscore\nq1\tnone\t1\t1\n"),
              HasSubstr("document \"none\" of the first stage is missing"));
  EXPECT_THAT(error_with("bm25_top100.tsv", "query-id\tcorpus-id\trank\tscore\nq1\td1\t0\t1\n"),
              HasSubstr("the rank must be"));
}

TEST_F(BeirSet, MissingFilesAndFoldersAreNamed) {
  EXPECT_EQ(read_eval_set(dir_.path() / "nowhere", {}).status().code(), Code::kNotFound);
  std::filesystem::remove(dir_.path() / "corpus.jsonl");
  EXPECT_THAT(read().status().message(), HasSubstr("corpus.jsonl: no such file"));
  EXPECT_THAT(error_with("qrels.tsv", "query-id\tcorpus-id\tscore\n"),
              HasSubstr("no query has a judgment"));
}

// The table of the data's own README; the data is not part of the project.
TEST(BeirSetData, TheFirstStageHasTheFiguresOfItsReadme) {
  struct Row {
    const char* name;
    double ndcg, mrr, recall;
  };
  const std::filesystem::path root = RR_SOURCE_DIR "/../shared/data/eval";
  if (!std::filesystem::is_directory(root)) {
    GTEST_SKIP() << "no evaluation sets at ../shared/data/eval";
  }
  for (const Row& row : {Row{"scifact", 0.6630, 0.6299, 0.8859},
                         Row{"medquad-liveqa", 0.5527, 0.4024, 0.8808},
                         Row{"xquad-de", 0.9217, 0.9045, 0.9950},
                         Row{"xquad-zh", 0.9738, 0.9660, 0.9975}}) {
    const auto set = read_eval_set(root / row.name, {});
    ASSERT_TRUE(set.ok()) << set.status().message();
    QualityMean mean;
    for (const EvalQuery& query : set->queries) {
      mean.add(query.first_stage, query.judgments, set->min_relevance);
    }
    EXPECT_NEAR(mean.mean().ndcg_at_10, row.ndcg, 5e-5) << row.name;
    EXPECT_NEAR(mean.mean().mrr_at_10, row.mrr, 5e-5) << row.name;
    EXPECT_NEAR(mean.mean().recall_at_100, row.recall, 5e-5) << row.name;
  }
}

}  // namespace
}  // namespace rr::eval
