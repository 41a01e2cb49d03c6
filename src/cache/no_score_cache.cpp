#include "cache/score_cache.h"

namespace rr::cache {

namespace {

class NoScoreCache final : public ScoreCache {
 public:
  void lookup_and_claim(const QueryKey& /*query*/,
                        std::vector<Digest128> documents,
                        Deadline /*deadline*/,
                        RemoteAnswerCallback callback) override {
    std::vector<RemoteAnswer> answers(documents.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      answers[i].index = i;
    }
    callback(answers, 0);
  }
  void store(const QueryKey& /*query*/,
             std::vector<std::pair<Digest128, CachedScore>> /*scores*/) override {}
  void release(const QueryKey& /*query*/, std::vector<Digest128> /*documents*/) override {}
  void start(const QueryKey& /*query*/, std::vector<Digest128> /*documents*/) override {}
  RemoteStats stats() const override { return {}; }
};

}  // namespace

std::unique_ptr<ScoreCache> make_no_score_cache() {
  return std::make_unique<NoScoreCache>();
}

}  // namespace rr::cache
