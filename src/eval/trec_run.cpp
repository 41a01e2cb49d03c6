#include "eval/trec_run.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/check.h"

namespace rr::eval {

void append_trec_run(std::string_view query_id,
                     const Ranking& ranking,
                     std::span<const float> scores,
                     std::string_view tag,
                     std::string& out) {
  RR_CHECK(ranking.size() == scores.size());
  float above = std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const float below = std::nextafter(above, -std::numeric_limits<float>::infinity());
    const float score = std::min(scores[i], below);
    // Nine significant digits read back to the same float.
    out += fmt::format("{} Q0 {} {} {:.9g} {}\n", query_id, ranking[i], i + 1, score, tag);
    above = score;
  }
}

}  // namespace rr::eval
