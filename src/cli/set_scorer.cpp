#include "cli/set_scorer.h"

#include "cli/progress.h"
#include "cli/score_stream.h"

namespace rr::cli {

namespace {

// One request per query that has candidates, in order.
class SetScorer {
 public:
  SetScorer(const eval::EvalSet& set,
            const std::string& label,
            EngineSession& session,
            const TakeQuery& take)
      : set_(set),
        session_(session),
        take_(take),
        progress_(label + " pairs", pairs_of(set), session.clock()) {}

  Status run() {
    RR_RETURN_IF_ERROR(
        run_score_stream({.rerank =
                              [this](auto request, auto done) {
                                session_.reranker().rerank(std::move(request), std::move(done));
                              },
                          .next = [this] { return next(); },
                          .take = [this](const auto& response) { return take(response); },
                          .in_flight_max = kBatchRequestsInFlight}));
    return take_empty_queries();
  }

 private:
  Result<std::optional<rerank::RerankRequest>> next() {
    while (sent_ < set_.queries.size() && set_.queries[sent_].first_stage.empty()) {
      ++sent_;
    }
    if (sent_ == set_.queries.size()) {
      return std::optional<rerank::RerankRequest>();
    }
    const eval::EvalQuery& query = set_.queries[sent_++];
    rerank::RerankRequest request;
    request.queries = {query.text};
    std::vector<std::string> documents;
    documents.reserve(query.first_stage.size());
    for (const std::string& id : query.first_stage) {
      documents.push_back(set_.documents.at(id));
    }
    request.documents = rerank::SharedTexts(std::move(documents));
    return std::optional(std::move(request));
  }

  Status take(const rerank::RerankResponse& response) {
    RR_RETURN_IF_ERROR(take_empty_queries());
    RR_RETURN_IF_ERROR(take_(set_.queries[taken_++], response.scores));
    progress_.add(response.scores.size());
    return {};
  }

  // Those before the next query that has candidates.
  Status take_empty_queries() {
    while (taken_ < set_.queries.size() && set_.queries[taken_].first_stage.empty()) {
      RR_RETURN_IF_ERROR(take_(set_.queries[taken_++], {}));
    }
    return {};
  }

  const eval::EvalSet& set_;
  EngineSession& session_;
  const TakeQuery& take_;
  Progress progress_;
  std::size_t sent_ = 0;   // queries looked at by next()
  std::size_t taken_ = 0;  // queries handed over
};

}  // namespace

std::uint64_t pairs_of(const eval::EvalSet& set) {
  std::uint64_t pairs = 0;
  for (const eval::EvalQuery& query : set.queries) {
    pairs += query.first_stage.size();
  }
  return pairs;
}

Result<double> score_eval_set(const eval::EvalSet& set,
                              const std::string& label,
                              EngineSession& session,
                              const TakeQuery& take) {
  const TimePoint start = session.clock().now();
  RR_RETURN_IF_ERROR(SetScorer(set, label, session, take).run());
  const double seconds = to_seconds(session.clock().now() - start);
  return seconds > 0 ? static_cast<double>(pairs_of(set)) / seconds : 0;
}

}  // namespace rr::cli
