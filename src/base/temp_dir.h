// A folder that lives as long as the object: for tests and for files written atomically.
// Creation failure aborts (RR_CHECK). Not for paths that others know.
// Tested by cpu_quota_test.cpp, which lives in one.
#pragma once

#include <filesystem>

namespace rr {

class TempDir {
 public:
  TempDir();  // under std::filesystem::temp_directory_path()
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace rr
