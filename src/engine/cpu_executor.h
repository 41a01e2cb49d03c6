// The CPU executor: runs a BERT-like ModelSpec on packed pairs without padding, in the kernels of
// one instruction set. Weights are packed once at load and shared; each worker has a workspace
// sized at start, so score() allocates nothing (counted by a test). Callers bring the threads; a
// Crew's helpers stand in for workers that are idle while a batch is alone. score(): a batch is cut
// into chunks of whole pairs of about 256 tokens (512 in tiles), each taken through all layers
// while its activations are in the second-level cache. Ids out of range, a pair longer than
// max_seqlen or a malformed cu_seqlens is kInvalidArgument, before anything is computed. Tested by
// cpu_executor_test.cpp, bit_law_test.cpp and pinned_logits_test.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/arithmetic.h"
#include "engine/executor.h"
#include "model/model_spec.h"

namespace rr::engine {

struct CpuExecutorOptions {
  int threads = 1;                    // workers, 1…1024
  std::string isa;                    // --isa; "" is the best this machine runs
  std::string quantization = "none";  // none, bf16, int8
  MixedPrecision mixed_precision = MixedPrecision::kOff;
  int max_seqlen = 0;    // longest pair; 0 is what the position table allows
  int batch_tokens = 0;  // tokens that batch_tokens() asks for; 0 is 1024
};

// kInvalidArgument: an option or a tensor that cannot work. kUnsupported: the instruction set is
// not on this CPU.
Result<std::unique_ptr<Executor>> make_cpu_executor(const model::ModelSpec& spec,
                                                    const model::ModelWeights& weights,
                                                    const CpuExecutorOptions& options);

}  // namespace rr::engine
