#include "checkpoint/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace rr::checkpoint {

namespace {

std::string error_text(int error) {
  return std::generic_category().message(error);
}

struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  ~Descriptor() {
    if (number >= 0) {
      ::close(number);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // Non-blocking, so that a pipe under the name of a checkpoint does not hang the start.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number < 0) {
    const Code code = errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kCorrupt;
    return Status(code, fmt::format("[file] cannot open {}: {}", path.string(), error_text(errno)));
  }
  struct stat facts {};
  if (::fstat(file.number, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Status(Code::kCorrupt, fmt::format("[file] {} is no regular file", path.string()));
  }
  if (facts.st_size == 0) {
    return MappedFile(nullptr, 0);
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) {
    return Status(Code::kCorrupt,
                  fmt::format("[file] cannot map {}: {}", path.string(), error_text(errno)));
  }
  (void)::madvise(data, size, MADV_WILLNEED);  // advice; reading works without it
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    ::munmap(const_cast<std::byte*>(data_), size_bytes_);
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max) {
  RR_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  const std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() > bytes_max) {
    return Status(
        Code::kTooLarge,
        fmt::format(
            "[file] {} has {} bytes, at most {} are read", path.string(), bytes.size(), bytes_max));
  }
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace rr::checkpoint
