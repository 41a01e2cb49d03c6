// BERT in double precision, slow and obvious: the whole formula for every token, one pair at a
// time, no packing, no shortcuts, std::erf and std::exp. What every executor is compared with.
// Source: Hugging Face transformers modeling_bert.py (BertForSequenceClassification), float64.
#pragma once

#include <span>

#include "model/model_spec.h"
#include "tensor/dims.h"

namespace rr::reference {

double bert_logit(const model::ModelSpec& spec,
                  const model::ModelWeights& weights,
                  std::span<const TokenId> input_ids,
                  std::span<const TokenId> token_type_ids);

}  // namespace rr::reference
