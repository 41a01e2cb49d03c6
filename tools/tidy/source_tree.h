// The project's tracked text as tidy sees it: every file that git knows or would take (ls-files),
// read once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rr::tidy {

struct SourceFile {
  std::string path;  // relative to the root, with slashes
  std::uintmax_t size_bytes = 0;
  std::vector<std::string> lines;  // empty for files that are no source text

  std::string folder() const;                    // "src/base" of "src/base/clock.h"
  std::string name() const;                      // "clock.h"
  std::string extension() const;                 // ".h"
  bool is_cpp() const;                           // .h, .cpp, .cu, .cuh
  std::string at(std::size_t line_index) const;  // "src/base/clock.h:12: "
};

struct SourceTree {
  std::vector<SourceFile> files;  // sorted by path
  const SourceFile* find(const std::string& path) const;
};

// Files below `root` without build/, run/ and dot folders other than .ci.
SourceTree read_source_tree(const std::string& root);

SourceFile source_file(std::string path, const std::string& text);

}  // namespace rr::tidy
