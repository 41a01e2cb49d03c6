#include "checkpoint/safetensors_writer.h"

#include <fmt/format.h>

#include <array>
#include <fstream>

#include "base/json_text.h"

namespace rr::checkpoint {

namespace {

std::string header_of(std::span<const TensorEntry> tensors) {
  JsonText header;
  header.open_object();
  header.key("__metadata__").open_object().key("format").string("pt").close_object();
  std::size_t at = 0;
  for (const TensorEntry& tensor : tensors) {
    header.key(tensor.name).open_object().key("dtype").string(tensor.dtype);
    header.key("shape").open_array();
    for (const std::int64_t extent : tensor.shape) {
      header.number(extent);
    }
    header.close_array().key("data_offsets").open_array();
    header.number(at).number(at + tensor.data.size()).close_array().close_object();
    at += tensor.data.size();
  }
  header.close_object();
  std::string text = std::move(header).text();
  constexpr std::size_t kAlign = 8;
  text.resize((text.size() + kAlign - 1) / kAlign * kAlign, ' ');
  return text;
}

}  // namespace

Status write_safetensors(const std::filesystem::path& path, std::span<const TensorEntry> tensors) {
  const std::string header = header_of(tensors);
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>(header.size() >> (8 * i));
  }
  std::vector<std::span<const std::byte>> parts = {std::as_bytes(std::span(length)),
                                                   std::as_bytes(std::span(header))};
  for (const TensorEntry& tensor : tensors) {
    parts.push_back(tensor.data);
  }
  return write_whole_file(path, parts);
}

Status write_whole_file(const std::filesystem::path& path,
                        std::span<const std::span<const std::byte>> parts) {
  const std::filesystem::path part_path = path.string() + ".part";
  std::ofstream out(part_path, std::ios::binary | std::ios::trunc);
  for (const std::span<const std::byte> part : parts) {
    out.write(reinterpret_cast<const char*>(part.data()),
              static_cast<std::streamsize>(part.size()));
  }
  out.close();
  std::error_code error;
  if (out) {
    std::filesystem::rename(part_path, path, error);
  }
  if (!out || error) {
    std::error_code ignored;
    std::filesystem::remove(part_path, ignored);
    return Status(Code::kInternal, fmt::format("[file] {} cannot be written", path.string()));
  }
  return {};
}

}  // namespace rr::checkpoint
