#include "text/char_table.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace rr::text {
namespace {

constexpr NormalizerOptions kUncased = {true, true, true, true};
constexpr NormalizerOptions kNothing = {false, false, false, false};

TEST(CharTable, CleansSpacesStripsAndLowersAsTheReferenceDoes) {
  const CharTable table(kUncased);
  EXPECT_EQ(normalized_text(table, "H\u00c9llo\tW\u00d6rld\u200b!"), "hello world!");
  EXPECT_EQ(normalized_text(table, "a\u4e2db"), "a \u4e2d b");
  EXPECT_EQ(normalized_text(table, "\u0130I\u03a3"), "ii\u03c3");
  EXPECT_EQ(normalized_text(table, "\uac01"), "\u1100\u1161\u11a8");
  EXPECT_EQ(normalized_text(table, "\u2260"), "=");
}

TEST(CharTable, EachOptionIsItsOwnPass) {
  const std::string text = "\u00c9\t\u4e2d\u200b";
  EXPECT_EQ(normalized_text(CharTable(kNothing), text), text);
  EXPECT_EQ(normalized_text(CharTable({true, false, false, false}), text), "\u00c9 \u4e2d");
  EXPECT_EQ(normalized_text(CharTable({false, true, false, false}), text),
            "\u00c9\t \u4e2d \u200b");
  EXPECT_EQ(normalized_text(CharTable({false, false, true, false}), text), "E\t\u4e2d\u200b");
  EXPECT_EQ(normalized_text(CharTable({false, false, false, true}), text), "\u00e9\t\u4e2d\u200b");
}

TEST(CharTable, LowerCaseAloneKeepsTheDotOfTheTurkishI) {
  EXPECT_EQ(normalized_text(CharTable({true, true, false, true}), "\u0130"), "i\u0307");
}

// U+1D16D has a higher combining class than U+1D165, and neither is a nonspacing mark.
TEST(CharTable, MarksThatAreKeptAreSortedByClassUpToTheNextStarter) {
  const CharTable table(kUncased);
  EXPECT_EQ(normalized_text(table, "a\U0001d16d\U0001d165"), "a\U0001d165\U0001d16d");
  EXPECT_EQ(normalized_text(table, "a\U0001d16d\u0301\U0001d165"), "a\U0001d165\U0001d16d");
  EXPECT_EQ(normalized_text(table, "a\U0001d16d\u034f\U0001d165"), "a\U0001d16d\U0001d165");
  EXPECT_EQ(normalized_text(table, "a\U0001d16db\U0001d165"), "a\U0001d16db\U0001d165");
}

TEST(CharTable, EveryCharacterThatEndsAWordStartsWithAByteThatMay) {
  const CharTable table(kUncased);
  for (char32_t scalar = 0; scalar < 0x110000; ++scalar) {
    const SymbolKind kind = table.symbol(scalar).kind;
    if (kind == SymbolKind::kSpace || kind == SymbolKind::kIsolated ||
        kind == SymbolKind::kChinese) {
      std::string text;
      utf8_append(text, scalar);
      ASSERT_TRUE(table.may_end_word(static_cast<unsigned char>(text[0]))) << text;
    }
  }
  EXPECT_FALSE(table.may_end_word('a'));
  EXPECT_FALSE(table.may_end_word(0x80)) << "in the middle of a character";
  EXPECT_FALSE(table.may_end_word(0xcc)) << "combining marks";
}

TEST(CharTable, AScalarIsDecodedAsItWasEncoded) {
  for (char32_t scalar = 1; scalar < 0x110000; ++scalar) {
    if (scalar < 0xd800 || scalar > 0xdfff) {
      std::string text;
      utf8_append(text, scalar);
      const DecodedScalar decoded = decode_scalar(text);
      ASSERT_EQ(decoded.scalar, scalar);
      ASSERT_EQ(decoded.size_bytes, text.size());
    }
  }
}

TEST(CharTable, InvalidUtf8IsReadWithinItsBounds) {
  for (const std::string_view text :
       {"\xf0", "\xe4\xb8", "\xff\xff\xff\xff", "\xed\xa0\x80", "\x80"}) {
    const DecodedScalar decoded = decode_scalar(text);
    EXPECT_LE(decoded.size_bytes, text.size());
    EXPECT_GE(decoded.size_bytes, 1U);
    EXPECT_LT(decoded.scalar, 0x110000U);
  }
}

TEST(CharTable, WordCharactersAndWhiteSpaceAreThoseOfTheReferencesExpressions) {
  EXPECT_TRUE(is_word_character(U'_'));
  EXPECT_TRUE(is_word_character(0x301));
  EXPECT_TRUE(is_word_character(0x200d));
  EXPECT_FALSE(is_word_character(U'-'));
  EXPECT_TRUE(is_white_space(0x85));
  EXPECT_FALSE(is_white_space(0x200b));
}

}  // namespace
}  // namespace rr::text
