#include "eval/trec_run.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace rr::eval {
namespace {

TEST(TrecRun, WritesOneLineADocument) {
  std::string out;
  append_trec_run("q1", {"d7", "d3"}, std::vector<float>{1.5F, -0.25F}, "rerankd", out);
  EXPECT_EQ(out, "q1 Q0 d7 1 1.5 rerankd\nq1 Q0 d3 2 -0.25 rerankd\n");
}

TEST(TrecRun, EqualScoresAreWrittenOneStepApartSoThatTheOrderStays) {
  std::string out;
  append_trec_run("q", {"a", "b", "c"}, std::vector<float>{2.F, 2.F, 2.F}, "t", out);
  std::istringstream lines(out);
  std::string query, q0, document, rank, tag;
  float score = 0;
  float above = 3.F;
  while (lines >> query >> q0 >> document >> rank >> score >> tag) {
    EXPECT_LT(score, above);
    above = score;
  }
  EXPECT_NEAR(above, 2.F, 1e-6);
}

}  // namespace
}  // namespace rr::eval
