// Before a model serves: a few fixed pairs through the chosen kernels and through the generic ones,
// which must agree within tolerances.h (relative to the logit where that is above 1). Both run the
// model's own weights, cut to two layers, few positions and few tokens, so that even a large model
// takes at most two seconds; then the executor itself must give finite scores. kInternal when the
// kernels disagree, kNonFinite when scores are not finite. Allocates; run once at start.
// Tested by self_test_test.cpp.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "engine/cpu_executor.h"
#include "engine/executor.h"
#include "engine/tolerances.h"
#include "model/model_spec.h"

namespace rr::engine {

// options as given to make_cpu_executor() for `executor`; worker 0 must be idle.
Status self_test(Executor& executor,
                 const model::ModelSpec& spec,
                 const model::ModelWeights& weights,
                 const CpuExecutorOptions& options,
                 const Clock& clock);
// The same against another tolerance.
Status self_test(Executor& executor,
                 const model::ModelSpec& spec,
                 const model::ModelWeights& weights,
                 const CpuExecutorOptions& options,
                 const Clock& clock,
                 const Tolerance& tolerance);

}  // namespace rr::engine
