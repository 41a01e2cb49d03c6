#include "tools/tidy/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rr::tidy {

namespace fs = std::filesystem;

namespace {

bool is_left_out(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name == "build" || name == "run" || name == "__pycache__" ||
         (name.size() > 1 && name[0] == '.' && name != ".ci");
}

bool is_text(const SourceFile& file) {
  const std::string extension = file.extension();
  return file.is_cpp() || extension == ".txt" || extension == ".cmake" || extension == ".md" ||
         extension == ".sh" || extension == ".py";
}

std::string read_all(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::string SourceFile::folder() const {
  return fs::path(path).parent_path().string();
}
std::string SourceFile::name() const {
  return fs::path(path).filename().string();
}
std::string SourceFile::extension() const {
  return fs::path(path).extension().string();
}

bool SourceFile::is_cpp() const {
  const std::string ending = extension();
  return ending == ".h" || ending == ".cpp" || ending == ".cu" || ending == ".cuh";
}

std::string SourceFile::at(std::size_t line_index) const {
  return path + ":" + std::to_string(line_index + 1) + ": ";
}

const SourceFile* SourceTree::find(const std::string& path) const {
  const auto found = std::find_if(
      files.begin(), files.end(), [&](const SourceFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

SourceFile source_file(std::string path, const std::string& text) {
  SourceFile file;
  file.path = std::move(path);
  file.size_bytes = text.size();
  if (is_text(file)) {
    file.lines = split_lines(text);
  }
  return file;
}

SourceTree read_source_tree(const std::string& root) {
  SourceTree tree;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    if (entry->is_directory()) {
      if (is_left_out(entry->path())) {
        entry.disable_recursion_pending();
      }
      continue;
    }
    SourceFile file;
    file.path = fs::relative(entry->path(), root).generic_string();
    file.size_bytes = entry->file_size();
    if (is_text(file)) {
      file.lines = split_lines(read_all(entry->path()));
    }
    tree.files.push_back(std::move(file));
  }
  std::sort(tree.files.begin(), tree.files.end(), [](const SourceFile& a, const SourceFile& b) {
    return a.path < b.path;
  });
  return tree;
}

}  // namespace rr::tidy
