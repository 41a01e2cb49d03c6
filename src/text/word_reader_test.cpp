#include "text/word_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rr::text {
namespace {

const CharTable& uncased() {
  static const CharTable table({true, true, true, true});
  return table;
}

AddedTokenMatcher sep_matcher() {
  AddedToken sep;
  sep.content = "[SEP]";
  sep.id = 7;
  auto matcher = AddedTokenMatcher::build({sep});
  EXPECT_TRUE(matcher.ok());
  return std::move(matcher).value();
}

std::vector<std::string> words(std::string_view text, std::size_t max_word_chars = 100) {
  const AddedTokenMatcher matcher = sep_matcher();
  std::string buffer;
  WordReader reader(text, 0, uncased(), matcher, {max_word_chars}, buffer);
  std::vector<std::string> out;
  Split split;
  while (reader.next(split)) {
    switch (split.kind) {
      case Split::Kind::kWord:
        out.emplace_back(split.word);
        break;
      case Split::Kind::kTooLong:
        out.emplace_back("<too long>");
        break;
      case Split::Kind::kAddedToken:
        out.push_back(fmt::format("#{}", split.added_id));
        break;
    }
  }
  return out;
}

using Words = std::vector<std::string>;

TEST(WordReader, SplitsAtSpacesAndIsolatesPunctuationAndChinese) {
  EXPECT_EQ(words(" Hello,  w\u00d6rld!\u4e2d\u6587x"),
            (Words{"hello", ",", "world", "!", "\u4e2d", "\u6587", "x"}));
  EXPECT_EQ(words("a\u226db"), (Words{"a\u224db"}));
  EXPECT_EQ(words("a\u2260b"), (Words{"a", "=", "b"}));
}

TEST(WordReader, RemovedCharactersDoNotEndAWord) {
  EXPECT_EQ(words(std::string_view("a\0b\u200bc\x0b"
                                   "d",
                                   9)),
            (Words{"abcd"}));
}

TEST(WordReader, AddedTokensEndWordsAndAreFoundInRawText) {
  EXPECT_EQ(words("a[SEP]b [SEP][sep]"), (Words{"a", "#7", "b", "#7", "[", "sep", "]"}));
}

TEST(WordReader, AWordOverTheLimitComesOutUnread) {
  EXPECT_EQ(words("abc abcd \u00e9\u00e9\u00e9\u00e9,x", 3),
            (Words{"abc", "<too long>", "<too long>", ",", "x"}));
  EXPECT_EQ(words("\uac01 \uac01\uac01", 3), (Words{"\u1100\u1161\u11a8", "<too long>"}));
}

TEST(WordReader, LookAheadWindowsNeverCutACharacterOrAToken) {
  for (std::size_t lead = 4080; lead < 4100; ++lead) {
    const std::string text = std::string(lead, ' ') + "\u4e2dx\u00e9y[SEP]z";
    EXPECT_EQ(words(text), (Words{"\u4e2d", "xey", "#7", "z"})) << lead;
  }
}

TEST(WordReader, KeptMarksAreSortedInsideAWord) {
  EXPECT_EQ(words("a\U0001d16d\U0001d165"), (Words{"a\U0001d165\U0001d16d"}));
}

}  // namespace
}  // namespace rr::text
