// What was built, from which commit, by which compiler. build_info.cpp is made at every build by
// cmake/rr_build_info.cmake.
#pragma once

#include <string_view>

namespace rr::cli {

struct BuildInfo {
  std::string_view version;     // "0.1.0"
  std::string_view commit;      // "1a2b3c4d5e6f", "…-dirty", or "unknown"
  std::string_view compiler;    // "GNU 12.2.0"
  std::string_view source_dir;  // where the sources were; may not exist on this machine
};

const BuildInfo& build_info();

}  // namespace rr::cli
