#include "base/temp_dir.h"

#include <cstdlib>
#include <string>
#include <system_error>

#include "base/check.h"

namespace rr {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "rerankd-XXXXXX").string();
  RR_CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace rr
