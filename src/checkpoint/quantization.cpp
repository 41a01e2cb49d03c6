#include "checkpoint/quantization.h"

#include <fmt/format.h>

#include "checkpoint/json_fields.h"

namespace rr::checkpoint {

Result<QuantizationEntry> parse_quantization(std::string_view json) {
  const std::string origin = fmt::format("config.json {}", kQuantizationKey);
  RR_ASSIGN_OR_RETURN(JsonFields fields, JsonFields::parse(origin, json));
  const int version = fields.required_integer("version", {1, 1 << 20});
  QuantizationEntry entry;
  entry.dtype = fields.string("dtype").value_or("");
  entry.kept_bf16 = fields.strings("kept_bf16");
  entry.biases_folded = fields.boolean("biases_folded").value_or(false);
  RR_RETURN_IF_ERROR(fields.status());
  if (version != kQuantizationVersion) {
    return Status(
        Code::kUnsupported,
        fmt::format(
            "[{}] version {} is not known; wants {}", origin, version, kQuantizationVersion));
  }
  if (entry.dtype != "int8" && entry.dtype != "bf16") {
    return Status(Code::kCorrupt, fmt::format("[{}] dtype wants int8 or bf16", origin));
  }
  return entry;
}

}  // namespace rr::checkpoint
