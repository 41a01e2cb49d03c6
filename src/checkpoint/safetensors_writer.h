// Writes a safetensors file (format: safetensors.h): header padded by blanks to 8 bytes, then the
// tensors' bytes in the order given. The file appears whole under its name or not at all. kInternal
// when it cannot be written. Tested by safetensors_writer_test.cpp.
#pragma once

#include <filesystem>
#include <span>

#include "base/result.h"
#include "checkpoint/safetensors.h"

namespace rr::checkpoint {

// The tensors' data must have the size that dtype and shape say; names must differ.
Status write_safetensors(const std::filesystem::path& path, std::span<const TensorEntry> tensors);

// Any other file of a checkpoint, in the same way: beside the name first, then renamed.
Status write_whole_file(const std::filesystem::path& path,
                        std::span<const std::span<const std::byte>> parts);

}  // namespace rr::checkpoint
