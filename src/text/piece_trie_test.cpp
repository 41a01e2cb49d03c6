#include "text/piece_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace rr::text {
namespace {

using Entries = std::vector<std::pair<std::string, std::int32_t>>;

PieceTrie build(Entries entries) {
  auto trie = PieceTrie::build(std::move(entries));
  EXPECT_TRUE(trie.ok());
  return std::move(trie).value();
}

TEST(PieceTrie, AnEmptyTrieHoldsNothing) {
  const PieceTrie trie;
  EXPECT_EQ(trie.longest(trie.root(), "abc").value, PieceTrie::kNone);
  EXPECT_EQ(trie.exact(trie.root(), std::string("\0a", 2)), PieceTrie::kNone);
}

TEST(PieceTrie, TheLongestEntryWinsAndOfEqualOnesTheLast) {
  const PieceTrie trie =
      build({{"a", 1}, {"abc", 2}, {"a", 3}, {"", 9}, {std::string("\0\xff", 2), 4}});
  EXPECT_EQ(trie.longest(trie.root(), "abd").value, 3);
  EXPECT_EQ(trie.longest(trie.root(), "abcd").value, 2);
  EXPECT_EQ(trie.longest(trie.root(), "abcd").size_bytes, 3U);
  EXPECT_EQ(trie.longest(trie.root(), std::string_view("\0\xff", 2)).value, 4);
  EXPECT_EQ(trie.exact(trie.root(), ""), PieceTrie::kNone);
  EXPECT_EQ(trie.exact(trie.root(), "ab"), PieceTrie::kNone);
}

TEST(PieceTrie, NothingIsFoundBelowANodeThatIsNotThere) {
  const PieceTrie trie = build({{"a", 1}, {"##b", 2}});
  EXPECT_EQ(trie.longest(trie.descend(trie.root(), "##"), "b").value, 2);
  EXPECT_EQ(trie.longest(trie.descend(trie.root(), "@@"), "b").value, PieceTrie::kNone);
}

TEST(PieceTrie, AgreesWithAMapOnRandomEntries) {
  std::mt19937_64 random(7);
  for (const unsigned alphabet : {2U, 26U, 256U}) {
    const auto word = [&] {
      std::string out;
      for (std::size_t i = random() % 12; i > 0; --i) {
        out += static_cast<char>(random() % alphabet);
      }
      return out;
    };
    std::map<std::string, std::int32_t> map;
    Entries entries;
    for (std::int32_t i = 0; i < 20'000; ++i) {
      entries.emplace_back(word(), i);
      if (!entries.back().first.empty()) {
        map[entries.back().first] = i;
      }
    }
    const PieceTrie trie = build(entries);
    for (const auto& [entry, value] : map) {
      ASSERT_EQ(trie.exact(trie.root(), entry), value);
    }
    for (int i = 0; i < 20'000; ++i) {
      const std::string text = word() + word();
      std::int32_t expected = PieceTrie::kNone;
      for (std::size_t size = 1; size <= text.size(); ++size) {
        const auto found = map.find(text.substr(0, size));
        expected = found == map.end() ? expected : found->second;
      }
      ASSERT_EQ(trie.longest(trie.root(), text).value, expected);
    }
  }
}

}  // namespace
}  // namespace rr::text
