#include "text/bert_tokenizer.h"

#include <gtest/gtest.h>

#include "text/vocab_txt.h"

namespace rr::text {
namespace {

TokenizerParts parts() {
  auto made =
      parse_vocab_txt("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##b\n", TokenizerConfig{});
  EXPECT_TRUE(made.ok());
  return std::move(made).value();
}

std::unique_ptr<BertTokenizer> make(const TokenizerParts& from) {
  auto tokenizer = BertTokenizer::make(from);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return std::move(tokenizer).value();
}

using Ids = std::vector<TokenId>;

EncodedPair encode(const Tokenizer& tokenizer,
                   std::string_view query,
                   std::string_view document,
                   const PairOptions& options) {
  EncodedPair out;
  tokenizer.encode_pair(tokenizer.encode_query(query, options), document, options, out);
  return out;
}

TEST(BertTokenizer, APairIsJoinedByTheTemplate) {
  const auto tokenizer = make(parts());
  const EncodedPair pair = encode(*tokenizer, "A", "ab [SEP] x", {});
  EXPECT_EQ(pair.input_ids, (Ids{2, 5, 3, 5, 8, 3, 1, 3}));
  EXPECT_EQ(pair.token_type_ids, (Ids{0, 0, 0, 1, 1, 1, 1, 1}));
  EXPECT_FALSE(pair.truncated);
}

TEST(BertTokenizer, EitherSideIsCut) {
  const auto tokenizer = make(parts());
  PairOptions options;
  options.max_length = 6;
  EXPECT_EQ(encode(*tokenizer, "a", "a b c", options).input_ids, (Ids{2, 5, 3, 5, 6, 3}));
  EXPECT_TRUE(encode(*tokenizer, "a", "a b c", options).truncated);
  EXPECT_FALSE(encode(*tokenizer, "a", "a b    ", options).truncated);
  options.truncation_side = TruncationSide::kLeft;
  EXPECT_EQ(encode(*tokenizer, "a", "a b c", options).input_ids, (Ids{2, 5, 3, 6, 7, 3}));
}

TEST(BertTokenizer, CapsCutBeforeLongestFirst) {
  const auto tokenizer = make(parts());
  PairOptions options;
  options.max_query_tokens = 1;
  options.max_document_tokens = 2;
  const EncodedPair pair = encode(*tokenizer, "a b", "a b c", options);
  EXPECT_EQ(pair.input_ids, (Ids{2, 5, 3, 5, 6, 3}));
  EXPECT_TRUE(pair.truncated);
}

TEST(BertTokenizer, AQueryLongerThanAnyPairIsStillComparedByItsFullLength) {
  const auto tokenizer = make(parts());
  PairOptions options;
  options.max_length = 6;
  const std::string ten = "a a a a a a a a a a";
  EXPECT_EQ(encode(*tokenizer, ten, "b b b b b b b b", options).input_ids, (Ids{2, 5, 5, 3, 6, 3}));
  EXPECT_EQ(encode(*tokenizer, ten, ten + " b", options).input_ids, (Ids{2, 5, 3, 5, 5, 3}));
}

TEST(BertTokenizer, LeftTruncationGivesTheTailOfTheWholeTextsTokens) {
  TokenizerParts with_added = parts();
  AddedToken spaced;
  spaced.content = "a b";
  with_added.added_tokens.push_back(spaced);
  spaced.content = "C c";
  spaced.normalized = true;
  for (const bool normalized : {false, true}) {
    if (normalized) {
      with_added.added_tokens.push_back(spaced);
    }
    const auto tokenizer = make(with_added);
    std::string text;
    for (int i = 0; i < 3000; ++i) {
      text += i % 7 == 0 ? "a b" : (i % 5 == 0 ? " c C, " : "b a ");
    }
    EncodedPair whole;
    tokenizer->encode_text(text, whole);
    const Ids all(whole.input_ids.begin() + 1, whole.input_ids.end() - 1);
    PairOptions options;
    options.truncation_side = TruncationSide::kLeft;
    for (options.max_length = 4; options.max_length < 300; options.max_length += 11) {
      const EncodedPair pair = encode(*tokenizer, "", text, options);
      const auto kept = static_cast<std::ptrdiff_t>(options.max_length - 3);
      EXPECT_EQ(Ids(pair.input_ids.begin() + 2, pair.input_ids.end() - 1),
                Ids(all.end() - kept, all.end()));
    }
  }
}

TEST(BertTokenizer, AddedTokensOutsideTheVocabularyTakeTheNextIds) {
  TokenizerParts with_added = parts();
  AddedToken extra;
  extra.content = "<q>";
  with_added.added_tokens.push_back(extra);
  const auto tokenizer = make(with_added);
  EXPECT_EQ(encode(*tokenizer, "<q>", "a", {}).input_ids, (Ids{2, 9, 3, 5, 3}));
  EXPECT_EQ(tokenizer->vocab_size(), 10);
  EXPECT_EQ(make(parts())->vocab_size(), 9);
}

TEST(BertTokenizer, AddedTokensThatNormalizationMakesEqualAreRefused) {
  TokenizerParts with_added = parts();
  for (const char* content : {"Foo", "foo"}) {
    AddedToken token;
    token.content = content;
    token.normalized = true;
    with_added.added_tokens.push_back(token);
  }
  EXPECT_EQ(BertTokenizer::make(with_added).status().code(), Code::kUnsupported);
}

TEST(BertTokenizer, OutputCapacityIsReused) {
  const auto tokenizer = make(parts());
  const PairOptions options;
  const EncodedQuery query = tokenizer->encode_query("a", options);
  EncodedPair out;
  tokenizer->encode_pair(query, "a b c a b c", options, out);
  const TokenId* const before = out.input_ids.data();
  tokenizer->encode_pair(query, "c b a", options, out);
  EXPECT_EQ(out.input_ids.data(), before);
}

TEST(BertTokenizer, TheDigestCoversWhatCanChangeIds) {
  const TokenizerParts base = parts();
  const Digest128 digest = make(base)->digest();
  EXPECT_EQ(make(base)->digest(), digest);
  std::vector<TokenizerParts> others(6, base);
  others[0].normalizer.lowercase = false;
  others[1].vocabulary.entries[8].first = "##c";
  others[2].pair = PairTemplate::bert_pair(2, 4);
  others[3].max_input_chars_per_word = 99;
  others[4].vocabulary.continuing_subword_prefix = "@@";
  others[5].added_tokens[4].single_word = true;
  for (const TokenizerParts& other : others) {
    EXPECT_NE(make(other)->digest(), digest);
  }
}

}  // namespace
}  // namespace rr::text
