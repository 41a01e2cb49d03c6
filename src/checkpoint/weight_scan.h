// One pass over a tensor's bytes that answers two questions at the price of one trip through
// memory: is every weight finite, and what is the digest. Cost: about 1 GB/s, nearly all of it
// SHA-256. Thread-safe. Tested by weight_scan_test.cpp.
#pragma once

#include "base/digest.h"
#include "base/result.h"
#include "checkpoint/tensor_view.h"

namespace rr::checkpoint {

// Feeds name, dtype, shape and bytes to `digest`, scales too. kCorrupt when a weight is NaN or
// infinite or a scale is none; the message names tensor and index.
Status scan_weights(const TensorView& tensor, DigestBuilder& digest);

}  // namespace rr::checkpoint
