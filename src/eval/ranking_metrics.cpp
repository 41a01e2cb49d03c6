#include "eval/ranking_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_set>

#include "base/check.h"

namespace rr::eval {

namespace {

constexpr std::size_t kShortCutoff = 10;
constexpr std::size_t kLongCutoff = 100;

int grade_of(const Judgments& judgments, const std::string& document) {
  const auto it = judgments.find(document);
  return it == judgments.end() ? 0 : it->second;
}

// Negative grades gain nothing, as in trec_eval.
double gain(int grade, std::size_t index) {
  return grade <= 0 ? 0.0 : grade / std::log2(static_cast<double>(index) + 2);
}

bool is_relevant(const Judgments& judgments, const std::string& document, int min_relevance) {
  const auto it = judgments.find(document);
  return it != judgments.end() && it->second >= min_relevance;
}

int sign(float difference) {
  return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

}  // namespace

double ndcg(const Ranking& ranking, const Judgments& judgments, std::size_t cutoff) {
  double found = 0;
  for (std::size_t i = 0; i < std::min(cutoff, ranking.size()); ++i) {
    found += gain(grade_of(judgments, ranking[i]), i);
  }
  std::vector<int> grades;
  grades.reserve(judgments.size());
  for (const auto& [document, grade] : judgments) {
    grades.push_back(grade);
  }
  std::sort(grades.begin(), grades.end(), std::greater<>());
  double ideal = 0;
  for (std::size_t i = 0; i < std::min(cutoff, grades.size()); ++i) {
    ideal += gain(grades[i], i);
  }
  return ideal > 0 ? found / ideal : 0.0;
}

double reciprocal_rank(const Ranking& ranking,
                       const Judgments& judgments,
                       int min_relevance,
                       std::size_t cutoff) {
  for (std::size_t i = 0; i < std::min(cutoff, ranking.size()); ++i) {
    if (is_relevant(judgments, ranking[i], min_relevance)) {
      return 1.0 / static_cast<double>(i + 1);
    }
  }
  return 0.0;
}

double average_precision(const Ranking& ranking, const Judgments& judgments, int min_relevance) {
  const std::size_t relevant = relevant_count(judgments, min_relevance);
  if (relevant == 0) {
    return 0.0;
  }
  double sum = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    if (is_relevant(judgments, ranking[i], min_relevance)) {
      ++found;
      sum += static_cast<double>(found) / static_cast<double>(i + 1);
    }
  }
  return sum / static_cast<double>(relevant);
}

double recall(const Ranking& ranking,
              const Judgments& judgments,
              int min_relevance,
              std::size_t cutoff) {
  const std::size_t relevant = relevant_count(judgments, min_relevance);
  if (relevant == 0) {
    return 0.0;
  }
  std::size_t found = 0;
  for (std::size_t i = 0; i < std::min(cutoff, ranking.size()); ++i) {
    found += is_relevant(judgments, ranking[i], min_relevance) ? 1 : 0;
  }
  return static_cast<double>(found) / static_cast<double>(relevant);
}

std::size_t relevant_count(const Judgments& judgments, int min_relevance) {
  return static_cast<std::size_t>(
      std::count_if(judgments.begin(), judgments.end(), [min_relevance](const auto& judgment) {
        return judgment.second >= min_relevance;
      }));
}

void QualityMean::add(const Ranking& ranking, const Judgments& judgments, int min_relevance) {
  ++queries_;
  with_relevant_ += relevant_count(judgments, min_relevance) > 0 ? 1 : 0;
  sum_.ndcg_at_10 += ndcg(ranking, judgments, kShortCutoff);
  sum_.mrr_at_10 += reciprocal_rank(ranking, judgments, min_relevance, kShortCutoff);
  sum_.map += average_precision(ranking, judgments, min_relevance);
  sum_.recall_at_100 += recall(ranking, judgments, min_relevance, kLongCutoff);
}

RankingQuality QualityMean::mean() const {
  const double all = static_cast<double>(std::max<std::size_t>(queries_, 1));
  const double with_relevant = static_cast<double>(std::max<std::size_t>(with_relevant_, 1));
  return {.ndcg_at_10 = sum_.ndcg_at_10 / all,
          .mrr_at_10 = sum_.mrr_at_10 / all,
          .map = sum_.map / all,
          .recall_at_100 = sum_.recall_at_100 / with_relevant};
}

double kendall_tau(std::span<const float> a, std::span<const float> b) {
  RR_CHECK(a.size() == b.size());
  std::int64_t agreement = 0;
  std::int64_t untied_a = 0;
  std::int64_t untied_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = i + 1; j < a.size(); ++j) {
      const int order_a = sign(a[i] - a[j]);
      const int order_b = sign(b[i] - b[j]);
      agreement += std::int64_t{order_a} * order_b;
      untied_a += order_a != 0 ? 1 : 0;
      untied_b += order_b != 0 ? 1 : 0;
    }
  }
  if (untied_a == 0 && untied_b == 0) {
    return 1.0;
  }
  if (untied_a == 0 || untied_b == 0) {
    return 0.0;
  }
  return static_cast<double>(agreement) /
         std::sqrt(static_cast<double>(untied_a) * static_cast<double>(untied_b));
}

double overlap(const Ranking& a, const Ranking& b, std::size_t cutoff) {
  const std::size_t count_a = std::min(cutoff, a.size());
  const std::size_t count_b = std::min(cutoff, b.size());
  const std::size_t most = std::max(count_a, count_b);
  if (most == 0) {
    return 1.0;
  }
  const std::unordered_set<std::string_view> in_a(a.begin(),
                                                  a.begin() + static_cast<std::ptrdiff_t>(count_a));
  const auto shared = std::count_if(
      b.begin(), b.begin() + static_cast<std::ptrdiff_t>(count_b), [&in_a](const auto& document) {
        return in_a.contains(document);
      });
  return static_cast<double>(shared) / static_cast<double>(most);
}

}  // namespace rr::eval
