#include "api/answer.h"

#include "api/common.h"
#include "api/predict.h"
#include "api/score.h"
#include "api/tei.h"
#include "base/check.h"

namespace rr::api {

std::string render_answer(const AnswerPlan& plan,
                          const rerank::RerankResponse& response,
                          const AnswerFacts& facts) {
  RR_CHECK(plan.documents.empty() || plan.documents.size() == response.scores.size());
  switch (plan.shape) {
    case AnswerShape::kTei:
      return render_tei(plan, response);
    case AnswerShape::kScore:
      return render_score(plan, response, facts);
    case AnswerShape::kPredictOne:
    case AnswerShape::kPredictBatch:
      return render_predict(plan, response);
    default:
      return render_common(plan, response, facts);
  }
}

}  // namespace rr::api
