// Rewrites a model so that its matrix products see smaller numbers: exact in real arithmetic, free
// at run time, and closer where activations are rounded to 16 or 8 bits. A LayerNorm's bias is
// mostly a constant that all tokens share, sometimes many times larger than what tells them apart;
// rounded with the rest it shifts every score the same way. So:
//   - LN bias β: y = γ·x̂ instead of γ·x̂ + β. Each product W that read it gets b + Wβ as its bias,
//     the residual that read it gets β through the bias of the product that is added to it.
//   - The embeddings' norm loses more than β: the whole row of [CLS], which is the same in every
//     pair. Attention rests on it, and now the row is zero, with nothing left to round.
//   - key bias: gone; it adds q·b to all scores of a row, which softmax does not see.
//   - value bias: attention's weights sum to 1, so it moves through W_o into that bias.
// LN weights stay where they are (docs/decisions/018-int8-accuracy.md). Applying it twice changes
// nothing. Source: bias absorption as in Nagel et al., Data-Free Quantization (ICCV 2019), §4.1.3.
// Cost: one multiplication per weight, in double. Tested by fold_biases_test.cpp.
#pragma once

#include "base/aligned_memory.h"
#include "base/result.h"
#include "model/model_spec.h"

namespace rr::engine {

struct FoldedModel {
  model::ModelWeights weights;  // biases view `memory`; the rest are the views that were given
  AlignedMemory memory;
};

// kInvalidArgument: a tensor has not the shape that the spec wants.
Result<FoldedModel> fold_biases(const model::ModelSpec& spec, const model::ModelWeights& weights);

}  // namespace rr::engine
