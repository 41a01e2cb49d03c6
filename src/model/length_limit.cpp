#include "model/length_limit.h"

#include <fmt/format.h>

#include <algorithm>

namespace rr::model {

Result<int> length_limit(const LengthLimits& limits) {
  int least = std::min(
      {limits.option.value_or(kDefaultMaxLength), limits.position_rows, limits.tokenizer_limit});
  if (!limits.option && limits.max_seq_length) {
    least = std::min(least, *limits.max_seq_length);
  }
  if (least <= limits.special_tokens) {
    return Status(Code::kInvalidArgument,
                  fmt::format("[max-length] {} tokens leave no room for text beside the {} special "
                              "tokens of a pair",
                              least,
                              limits.special_tokens));
  }
  return least;
}

}  // namespace rr::model
