#include "text/wordpiece.h"

#include <gtest/gtest.h>

namespace rr::text {
namespace {

Vocabulary vocabulary() {
  return {{{"[UNK]", 0}, {"un", 1}, {"una", 2}, {"##aff", 3}, {"##able", 4}, {"##ff", 5}, {"a", 6}},
          "[UNK]",
          "##"};
}

std::vector<TokenId> pieces(const Vocabulary& vocabulary, std::string_view word) {
  auto model = WordPiece::build(vocabulary);
  EXPECT_TRUE(model.ok());
  std::vector<TokenId> ids;
  model->append(word, ids);
  return ids;
}

TEST(WordPiece, TakesTheLongestPieceFirst) {
  EXPECT_EQ(pieces(vocabulary(), "unaffable"), (std::vector<TokenId>{2, 5, 4}));
}

TEST(WordPiece, UnknownPieceMakesWholeWordUnk) {
  EXPECT_EQ(pieces(vocabulary(), "unaffablex"), (std::vector<TokenId>{0}));
  EXPECT_EQ(pieces(vocabulary(), "x"), (std::vector<TokenId>{0}));
}

TEST(WordPiece, AContinuationStartsAWordOnlyWithItsPrefixSpelledOut) {
  EXPECT_EQ(pieces(vocabulary(), "able"), (std::vector<TokenId>{0}));
  EXPECT_EQ(pieces(vocabulary(), "##able"), (std::vector<TokenId>{4}));
}

TEST(WordPiece, AnEmptyPrefixMakesEveryEntryAContinuation) {
  Vocabulary plain = vocabulary();
  plain.continuing_subword_prefix = "";
  EXPECT_EQ(pieces(plain, "una"), (std::vector<TokenId>{2}));
  EXPECT_EQ(pieces(plain, "aun"), (std::vector<TokenId>{6, 1}));
}

TEST(WordPiece, WithoutTheUnknownTokenThereIsNoModel) {
  Vocabulary broken = vocabulary();
  broken.unk_token = "<unk>";
  EXPECT_EQ(WordPiece::build(broken).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace rr::text
