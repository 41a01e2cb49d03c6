// The model families this program knows, by config.json's model_type: one row each. Adding a family
// adds a file beside bert.cpp and a row in family.cpp. Pure; thread-safe. Tested by bert_test.cpp
// and loaded_model_test.cpp.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "model/bert.h"
#include "model/model_spec.h"

namespace rr::model {

struct Family {
  std::string_view model_type;
  Result<ModelSpec> (*spec)(const checkpoint::Checkpoint&);
  Result<ModelWeights> (*weights)(const ModelSpec&, const checkpoint::Checkpoint&);
  std::vector<TensorSlot> (*tensors)(const ModelSpec&, ModelWeights&);
  std::vector<std::vector<std::string>> (*matrix_units)(const ModelSpec&);
};

// kUnsupported, naming what is supported.
Result<Family> family_of(const checkpoint::ModelConfig& config);
// For a spec that came from a Family.
const Family& family_named(std::string_view model_type);

}  // namespace rr::model
