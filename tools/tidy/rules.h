// The house rules that a program can check. Each rule reads the tree and returns its findings as
// `path:line: text`. Tested by rules_test.cpp with a tree that breaks each rule once.
#pragma once

#include <string>
#include <vector>

#include "tools/tidy/source_tree.h"

namespace rr::tidy {

using Findings = std::vector<std::string>;

Findings check_floors(const SourceTree& tree);        // includes only of lower floors
Findings check_isa_includes(const SourceTree& tree);  // per-ISA files: intrinsics and *_inl.h only
Findings check_lengths(const SourceTree& tree);       // lines, functions, files
Findings check_orphans(const SourceTree& tree);       // every .cpp stands in a CMakeLists.txt
Findings check_tests_exist(const SourceTree& tree);   // every header names or has its test
Findings check_sizes(const SourceTree& tree);    // no large files outside models/ and tests/golden/
Findings check_banned(const SourceTree& tree);   // words and calls, with what to use instead
Findings check_readmes(const SourceTree& tree);  // a README of at most 15 lines in every folder

Findings check_all(const SourceTree& tree);

}  // namespace rr::tidy
