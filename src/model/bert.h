// The family "bert": BertForSequenceClassification of Hugging Face transformers
// (models/bert/modeling_bert.py) with one label. This file and bert.cpp only name tensors and read
// the config; what is computed stands in ModelSpec. Pure; thread-safe. Tested by bert_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "model/model_spec.h"

namespace rr::model {

// One row of the table of tensors that a model consists of: its Hugging Face name, the shape that
// the spec wants, and where in ModelWeights it goes.
struct TensorSlot {
  std::string name;
  std::vector<std::int64_t> shape;
  checkpoint::TensorView* view;  // borrowed from the ModelWeights handed in
};

// Every tensor of the model, in the order of computation. Sizes weights.blocks to L.
std::vector<TensorSlot> bert_tensors(const ModelSpec& spec, ModelWeights& weights);

// The matrices that int8 may leave in bf16, by name without ".weight"; those of one unit are
// multiplied together and stay or go together.
std::vector<std::vector<std::string>> bert_matrix_units(const ModelSpec& spec);

// What config.json describes, when it is a cross-encoder with one label that this program can run.
// kUnsupported with the reason otherwise. Looks at the tensors only to say why there is no head.
Result<ModelSpec> bert_spec(const checkpoint::Checkpoint& checkpoint);

// The views of every tensor, under today's names or the gamma/beta of the oldest checkpoints; the
// views carry today's names. Values are not looked at.
Result<ModelWeights> bert_weights(const ModelSpec& spec, const checkpoint::Checkpoint& checkpoint);

}  // namespace rr::model
