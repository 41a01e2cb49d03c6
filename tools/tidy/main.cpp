// tidy [ROOT]: prints every broken house rule of the tree and exits 1 when there is one. Run by
// ctest.

#include <cstdio>

#include "tools/tidy/rules.h"

int main(int argc, char** argv) {
  const std::string root = argc > 1 ? argv[1] : ".";
  const rr::tidy::Findings findings = rr::tidy::check_all(rr::tidy::read_source_tree(root));
  for (const std::string& finding : findings) {
    std::printf("%s\n", finding.c_str());
  }
  std::fprintf(stderr, "tidy: %zu findings\n", findings.size());
  return findings.empty() ? 0 : 1;
}
