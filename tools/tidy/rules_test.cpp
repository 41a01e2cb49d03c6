#include "tools/tidy/rules.h"

#include <gtest/gtest.h>

namespace rr::tidy {
namespace {

SourceTree tree_of(std::vector<SourceFile> files) {
  SourceTree tree;
  tree.files = std::move(files);
  return tree;
}

TEST(Tidy, RefusesAnUpwardAndASidewaysInclude) {
  const SourceTree tree = tree_of({
      source_file("src/text/a.cpp", "#include \"base/result.h\"\n#include \"http/server.h\"\n"),
      source_file("src/text/b.cpp", "#include \"cache/pair_key.h\"\n"),
  });
  const Findings findings = check_floors(tree);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0],
            "src/text/a.cpp:2: text/ may not include http/, which is not on a lower floor");
}

TEST(Tidy, RefusesAFolderWithoutFloor) {
  EXPECT_EQ(check_floors(tree_of({source_file("src/extra/a.cpp", "")})).size(), 1U);
}

TEST(Tidy, PerIsaFilesIncludeOnlyIntrinsics) {
  const std::string good =
      "#include <cstdint>\n#include <immintrin.h>\n#include \"kernels/cpu/gemm_inl.h\"\n";
  EXPECT_TRUE(
      check_isa_includes(tree_of({source_file("src/kernels/cpu/avx2/a.cpp", good)})).empty());
  EXPECT_EQ(check_isa_includes(
                tree_of({source_file("src/kernels/cpu/avx2/a.cpp", "#include <vector>\n")}))
                .size(),
            1U);
}

TEST(Tidy, CountsLinesColumnsAndFunctions) {
  std::string function = "void f() {\n";
  for (int i = 0; i < 80; ++i) {
    function += "  g();\n";
  }
  function += "}\n";
  EXPECT_EQ(check_lengths(tree_of({source_file("src/base/a.cpp", function)})).size(), 1U);
  EXPECT_TRUE(check_lengths(tree_of({source_file("src/kernels/cpu/a.cpp", function)})).empty());
  EXPECT_EQ(check_lengths(tree_of({source_file("src/base/a.cpp", std::string(101, 'x'))})).size(),
            1U);
  EXPECT_EQ(check_lengths(tree_of({source_file("src/base/a.cpp", std::string(601, '\n'))})).size(),
            1U);
}

TEST(Tidy, FindsOrphanFiles) {
  const SourceFile list = source_file("src/base/CMakeLists.txt", "SOURCES clock.cpp\n");
  EXPECT_TRUE(check_orphans(tree_of({list, source_file("src/base/clock.cpp", "")})).empty());
  EXPECT_EQ(check_orphans(tree_of({list, source_file("src/base/lost.cpp", "")})).size(), 1U);
}

TEST(Tidy, WantsATestForEveryHeaderWithCode) {
  const SourceFile code = source_file("src/base/a.cpp", "");
  const SourceFile test = source_file("src/base/b_test.cpp", "");
  EXPECT_EQ(check_tests_exist(tree_of({source_file("src/base/a.h", "// A.\n"), code})).size(), 1U);
  EXPECT_TRUE(check_tests_exist(
                  tree_of({source_file("src/base/a.h", "// Tested by b_test.cpp.\n"), code, test}))
                  .empty());
  EXPECT_EQ(check_tests_exist(
                tree_of({source_file("src/base/a.h", "// Tested by c_test.cpp.\n"), code, test}))
                .size(),
            1U);
}

TEST(Tidy, RefusesLargeFilesOutsideTheirPlaces) {
  SourceFile blob = source_file("docs/a.bin", std::string(300 << 10, 'x'));
  EXPECT_EQ(check_sizes(tree_of({blob})).size(), 1U);
  blob.path = "models/a.bin";
  EXPECT_TRUE(check_sizes(tree_of({blob})).empty());
}

TEST(Tidy, NamesWhatToUseInsteadOfABannedCall) {
  const Findings findings =
      check_banned(tree_of({source_file("src/text/a.cpp", "std::mutex m;\n")}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0], "src/text/a.cpp:1: 'std::mutex': use rr::Mutex");
  EXPECT_TRUE(check_banned(tree_of({source_file("src/base/mutex.h", "std::mutex m;\n")})).empty());
}

TEST(Tidy, WantsAShortReadmeInEveryFolder) {
  const SourceFile code = source_file("src/base/a.cpp", "");
  EXPECT_EQ(check_readmes(tree_of({code})).size(), 1U);
  EXPECT_TRUE(
      check_readmes(tree_of({source_file("src/base/README.md", "# base\n"), code})).empty());
  EXPECT_EQ(check_readmes(tree_of({source_file("src/base/README.md", std::string(16, '\n')), code}))
                .size(),
            1U);
}

TEST(Tidy, TakesAFolderThatItsParentsReadmeNames) {
  const SourceFile code = source_file("src/kernels/cpu/avx2/gemm.cpp", "");
  const auto findings = [&code](const std::string& text) {
    return check_readmes(tree_of({source_file("src/kernels/cpu/README.md", text), code})).size();
  };
  EXPECT_EQ(findings("- `avx2/`: AVX2\n"), 0U);
  EXPECT_EQ(findings("- `avx/`: AVX\n"), 1U);
}

}  // namespace
}  // namespace rr::tidy
