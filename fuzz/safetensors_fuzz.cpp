// Bytes of a stranger as a safetensors file, and as config.json and a sentence-transformers file:
// an answer or an error, never a crash, and no tensor outside the file.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "checkpoint/model_config.h"
#include "checkpoint/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto tensors = rr::checkpoint::parse_safetensors("fuzz", file, {});
  if (tensors.ok()) {
    std::size_t covered = 0;
    for (const auto& tensor : *tensors) {
      RR_CHECK(tensor.data.data() >= file.data());
      RR_CHECK(tensor.data.data() + tensor.data.size() <= file.data() + file.size());
      covered += tensor.data.size();
    }
    RR_CHECK(covered < size);
  }
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto config = rr::checkpoint::parse_model_config("fuzz", json);
  RR_CHECK(!config.ok() || config->hidden_size % config->num_attention_heads == 0);
  (void)rr::checkpoint::parse_max_seq_length("fuzz", json).ok();
  return 0;
}
