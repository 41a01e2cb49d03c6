#include <map>
#include <optional>
#include <utility>

#include "tools/tidy/rules.h"

namespace rr::tidy {

namespace {

// As cmake/rr_library.cmake says it for targets; this is the same law for #include lines.
const std::map<std::string, int>& floors() {
  static const std::map<std::string, int> table = {{"base", 0},
                                                   {"tensor", 1},
                                                   {"metrics", 1},
                                                   {"text", 2},
                                                   {"checkpoint", 2},
                                                   {"kernels", 2},
                                                   {"cache", 2},
                                                   {"model", 3},
                                                   {"engine", 4},
                                                   {"schedule", 5},
                                                   {"rerank", 6},
                                                   {"api", 7},
                                                   {"eval", 7},
                                                   {"http", 8},
                                                   {"config", 9},
                                                   {"cli", 10}};
  return table;
}

// "text" of "src/text/…"; empty outside src/.
std::string folder_of(const std::string& path) {
  if (!path.starts_with("src/")) {
    return "";
  }
  const auto end = path.find('/', 4);
  return end == std::string::npos ? "" : path.substr(4, end - 4);
}

// The path in `#include "…"` or `#include <…>`.
std::optional<std::string> included(const std::string& line) {
  if (!line.starts_with("#include ") || line.size() < 12) {
    return std::nullopt;
  }
  const char close = line[9] == '"' ? '"' : '>';
  const auto end = line.find(close, 10);
  return end == std::string::npos ? std::nullopt : std::optional(line.substr(10, end - 10));
}

}  // namespace

Findings check_floors(const SourceTree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    const std::string folder = folder_of(file.path);
    if (folder.empty() || !file.is_cpp()) {
      continue;
    }
    if (floors().count(folder) == 0) {
      findings.push_back(file.path + ":1: src/" + folder + " has no floor");
      continue;
    }
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto path = included(file.lines[i]);
      if (!path) {
        continue;
      }
      const std::string target = path->substr(0, path->find('/'));
      if (target == folder || floors().count(target) == 0 || path->find('/') == std::string::npos) {
        continue;
      }
      if (floors().at(target) >= floors().at(folder)) {
        std::string finding = file.at(i);
        finding += folder;
        finding += "/ may not include ";
        finding += target;
        finding += "/, which is not on a lower floor";
        findings.push_back(std::move(finding));
      }
    }
  }
  return findings;
}

Findings check_isa_includes(const SourceTree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    const bool per_isa = file.path.starts_with("src/kernels/cpu/avx") ||
                         file.path.starts_with("src/kernels/cpu/amx");
    if (!per_isa || !file.is_cpp() || file.path.ends_with("_test.cpp")) {
      continue;
    }
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto path = included(file.lines[i]);
      const bool allowed = !path || *path == "cstdint" || *path == "cstddef" ||
                           path->ends_with("intrin.h") || path->ends_with("_inl.h");
      if (!allowed) {
        findings.push_back(
            file.at(i) +
            "a per-ISA file includes only <cstdint>, <cstddef>, intrinsics and *_inl.h: "
            "other inline code would be compiled with its instructions");
      }
    }
  }
  return findings;
}

}  // namespace rr::tidy
