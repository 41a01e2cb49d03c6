#include "model/family.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"

namespace rr::model {

namespace {

constexpr std::array kFamilies = {
    Family{"bert", bert_spec, bert_weights, bert_tensors, bert_matrix_units}};

}  // namespace

Result<Family> family_of(const checkpoint::ModelConfig& config) {
  std::string supported;
  for (const Family& family : kFamilies) {
    if (family.model_type == config.model_type) {
      return family;
    }
    supported += supported.empty() ? "" : ", ";
    supported += family.model_type;
  }
  return Status(Code::kUnsupported,
                fmt::format("[config.json] model_type {} is not supported; supported: {}",
                            checkpoint::shown_name(config.model_type),
                            supported));
}

const Family& family_named(std::string_view model_type) {
  for (const Family& family : kFamilies) {
    if (family.model_type == model_type) {
      return family;
    }
  }
  RR_CHECK(false);
}

}  // namespace rr::model
