// A whole regular file mapped read-only: pages come from the page cache when they are touched, and
// several processes share them. Errors: kNotFound (no such file), kCorrupt (a folder, pipe or
// device; unreadable). Owns the mapping; movable; thread-safe to read. A file that another process
// shortens while it is mapped ends this process with SIGBUS when the lost part is read: replace
// checkpoints by renaming, as every download tool does. Tested by mapped_file_test.cpp.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"

namespace rr::checkpoint {

class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size_bytes)
      : data_(data), size_bytes_(size_bytes) {}
  const std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

// A small text file as a string. kNotFound, kCorrupt (no regular file), kTooLarge beyond bytes_max.
Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max);

}  // namespace rr::checkpoint
