// The safetensors format (github.com/huggingface/safetensors, README "Format"): 8 bytes of header
// length, little-endian; a JSON header {"name": {"dtype", "shape", "data_offsets": [begin, end]}};
// then the data, which the tensors must cover without gap or overlap to the last byte. Everything
// is checked before anything is handed out; a file from a stranger gives kCorrupt with one line and
// never a crash. Pure, so that it can be fuzzed. Cost: linear in the header. Thread-safe. Tested by
// safetensors_test.cpp, fuzzed by safetensors_fuzz.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rr::checkpoint {

// One tensor of a file, of any dtype that the format knows (checkpoints carry I64 position ids).
struct TensorEntry {
  std::string name;
  std::string dtype;  // as the file writes it, for example "BF16"
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  // borrowed from the file
};

struct SafetensorsLimits {
  std::size_t header_bytes = std::size_t{16} << 20;  // a model of 1,000 layers needs about 2 MB
  std::size_t tensors = 100'000;
  std::size_t rank = 8;
};

// The tensors in the order of their data. `origin` names the file in messages.
Result<std::vector<TensorEntry>> parse_safetensors(std::string_view origin,
                                                   std::span<const std::byte> file,
                                                   const SafetensorsLimits& limits);

// A tensor's name as messages show it: quoted, escaped, at most 120 bytes.
std::string shown_name(std::string_view name);
// [768,3072]
std::string shown_shape(std::span<const std::int64_t> shape);

}  // namespace rr::checkpoint
