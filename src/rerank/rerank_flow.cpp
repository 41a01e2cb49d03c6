#include "rerank/rerank_flow.h"

#include <string>
#include <utility>

namespace rr::rerank {

void RerankFlow::set_keys(const text::PairOptions& options, RequestKeys keys) {
  options_ = options;
  keys_ = std::move(keys);
  outcomes_.assign(keys_.pairs.size(), std::nullopt);
}

void RerankFlow::know(std::size_t pair, const cache::CachedScore& score) {
  outcomes_[pair] = schedule::PairOutcome{score, metrics::PairSource::kLocalCache, 0};
}

void RerankFlow::close_known() {
  unknown_.clear();
  for (std::size_t pair = 0; pair < outcomes_.size(); ++pair) {
    if (!outcomes_[pair]) {
      unknown_.push_back(pair);
    }
  }
}

std::vector<schedule::WorkPair> RerankFlow::work_pairs() const {
  std::vector<schedule::WorkPair> pairs;
  pairs.reserve(unknown_.size());
  std::shared_ptr<schedule::QueryText> text;
  for (const std::size_t pair : unknown_) {
    const RequestKeys::Pair& wanted = keys_.pairs[pair];
    if (text == nullptr || wanted.key.query != pairs.back().key.query) {
      text = std::make_shared<schedule::QueryText>(request_.queries[wanted.query], options_);
    }
    pairs.push_back({wanted.key, text, request_.documents[wanted.document]});
  }
  return pairs;
}

void RerankFlow::take(schedule::WorkOutcome outcome) {
  if (!outcome.status.ok()) {
    fail(outcome.failed_pair ? blame(outcome.status, unknown_[*outcome.failed_pair])
                             : outcome.status,
         0);
    return;
  }
  for (std::size_t i = 0; i < unknown_.size(); ++i) {
    outcomes_[unknown_[i]] = outcome.pairs[i];
  }
  work_ = std::move(outcome);
  answer();
}

void RerankFlow::answer() {
  if (const auto refused = refused_pair()) {
    fail(blame(schedule::too_long_status(options_.max_length), *refused), 0);
    return;
  }
  std::exchange(done_, nullptr)({response(), 0});
}

void RerankFlow::fail(Status status, int retry_after_s) {
  std::exchange(done_, nullptr)({std::move(status), retry_after_s});
}

RerankResponse RerankFlow::response() const {
  RerankResponse response;
  response.scores.reserve(keys_.pair_of.size());
  for (const std::size_t pair : keys_.pair_of) {
    const cache::CachedScore& score = outcomes_[pair]->score;
    response.scores.push_back({score.logit, score.truncated});
  }
  for (const auto& outcome : outcomes_) {
    response.computed_tokens += outcome->tokens;
    response.computed_pairs += outcome->source == metrics::PairSource::kComputed ? 1 : 0;
  }
  // A duplicate inside the request is answered by its twin.
  response.cached_pairs = static_cast<int>(response.scores.size()) - response.computed_pairs;
  response.tokenize_time = work_.tokenize_time;
  response.queue_time = work_.queue_time;
  response.inference_time = work_.inference_time;
  return response;
}

std::optional<std::size_t> RerankFlow::refused_pair() const {
  for (std::size_t pair = 0; !request_.truncate && pair < outcomes_.size(); ++pair) {
    if (outcomes_[pair] && outcomes_[pair]->score.truncated) {
      return pair;
    }
  }
  return std::nullopt;
}

Status RerankFlow::blame(const Status& status, std::size_t pair) const {
  return Status(status.code(),
                "document " + std::to_string(keys_.pairs[pair].document) + ": " + status.message());
}

}  // namespace rr::rerank
