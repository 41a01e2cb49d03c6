// Executor: runs a whole model on a device, one of the four virtual seams. It knows neither
// requests nor queues: the scheduler's worker threads hand it packed batches and get logits back.
//   CPU: sequence-parallel. Each worker (0 ≤ worker < workers()) has its own workspace and takes
//   batches of about batch_tokens() packed tokens through all layers; different workers may call
//   score() at the same time. A batch that is alone may be shared with the other workers' cores;
//   score() of one that helps begins when its help is done.
// Bit law: a pair's logit depends only on (numerics id, model, that pair's tokens), never on its
// neighbours, the worker or the number of threads.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/digest.h"
#include "base/result.h"
#include "tensor/dims.h"

namespace rr::engine {

// The tokens of B pairs laid end to end; no padding anywhere.
struct PackedBatch {
  std::span<const TokenId> input_ids;       // [T], each in [0, V)
  std::span<const TokenId> token_type_ids;  // [T]
  std::span<const int>
      cu_seqlens;      // [B+1], cu_seqlens[0] = 0, cu_seqlens[B] = T, each pair at least 1 token
  bool alone = false;  // nothing else is to be scored now: idle workers may help; bits are the same
};

// What /health and `version` say about the arithmetic that runs.
struct ExecutorInfo {
  std::string backend;       // "cpu", "cuda"
  std::string device;        // "cpu", "cuda:0"
  std::string isa;           // "generic", "avx2", "avx512", …
  std::string quantization;  // "none", "bf16", "int8"
  std::string numerics;      // numerics id, for example "avx512-fma.1"
  bool batch_invariant = true;
  std::size_t weight_bytes = 0;
  std::size_t workspace_bytes = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  virtual int workers() const = 0;
  virtual int batch_tokens() const = 0;  // tokens one worker likes to take at once
  virtual int max_seqlen() const = 0;    // longest pair
  virtual const ExecutorInfo& info() const = 0;
  // logits [B]. kNonFinite when any logit is NaN or infinite (the message names the pair's index in
  // the batch; the other logits are valid, the bad one is NaN); kDeviceFailure when the device is
  // gone. One call per worker at a time. No allocation.
  virtual Status score(int worker, const PackedBatch& batch, std::span<float> logits) = 0;
};

}  // namespace rr::engine
