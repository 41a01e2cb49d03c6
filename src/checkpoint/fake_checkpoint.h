// Writing checkpoint files for tests, right or wrong: tensors go into a safetensors file as they
// are told, so that a test can also write a header that lies. Not for production.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"

namespace rr::checkpoint {

struct FakeTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

// 8 bytes of length, the header as given, the data as given.
inline std::string safetensors_file(std::string_view header, std::string_view data) {
  std::string file;
  for (int byte = 0; byte < 8; ++byte) {
    file += static_cast<char>(header.size() >> (8 * byte));
  }
  return file.append(header).append(data);
}

// A correct file.
inline std::string safetensors_file(const std::vector<FakeTensor>& tensors) {
  JsonText header;
  std::string data;
  header.open_object();
  header.key("__metadata__").open_object().key("format").string("pt").close_object();
  for (const FakeTensor& tensor : tensors) {
    header.key(tensor.name).open_object().key("dtype").string(tensor.dtype);
    header.key("shape").open_array();
    for (const std::int64_t extent : tensor.shape) {
      header.number(extent);
    }
    header.close_array().key("data_offsets").open_array();
    header.number(data.size()).number(data.size() + tensor.bytes.size());
    header.close_array().close_object();
    data += tensor.bytes;
  }
  header.close_object();
  return safetensors_file(header.text(), data);
}

}  // namespace rr::checkpoint
