// Agreement with Hugging Face `tokenizers`, without a difference: every scalar value, hostile
// texts, the evaluation texts and truncated pairs, by digests that
// tools/golden/tokenizer/make_expected.py wrote. The serialization of a digest is described there.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <climits>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "base/utf8.h"
#include "text/bert_tokenizer.h"
#include "text/vocab_txt.h"

namespace rr::text {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(RR_SOURCE_DIR) / "tests/golden/tokenizer";
const std::filesystem::path kEval =
    std::filesystem::path(RR_SOURCE_DIR).parent_path() / "shared/data/eval";

constexpr std::array<const char*, 7> kEvalSets = {
    "medquad-liveqa", "scifact", "squad-dev", "xquad-de", "xquad-en", "xquad-es", "xquad-zh"};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  EXPECT_TRUE(file.good()) << path;
  return bytes.str();
}

struct Expected {
  std::size_t count = 0;
  std::string digest;
};

const std::map<std::string, Expected>& expected() {
  static const std::map<std::string, Expected> rows = [] {
    std::map<std::string, Expected> out;
    std::istringstream lines(read_file(kGolden / "expected.tsv"));
    std::string name;
    Expected row;
    while (lines >> name >> row.count >> row.digest) {
      out[name] = row;
    }
    return out;
  }();
  return rows;
}

// The digest of one case under way.
class Case {
 public:
  explicit Case(std::string name) : name_(std::move(name)) {}

  void add_number(std::uint32_t number) { add({reinterpret_cast<const TokenId*>(&number), 1}); }
  void add(std::span<const TokenId> ids) { digest_.add_bytes(std::as_bytes(ids)); }
  void add_text(const EncodedPair& encoded) {
    add_number(static_cast<std::uint32_t>(encoded.input_ids.size()));
    add(encoded.input_ids);
    ++count_;
  }
  void add_pair(const EncodedPair& encoded) {
    add_text(encoded);
    add(encoded.token_type_ids);
    add_number(encoded.truncated ? 1 : 0);
  }
  void check() {
    const auto row = expected().find(name_);
    ASSERT_NE(row, expected().end()) << name_ << " is not in expected.tsv";
    EXPECT_EQ(count_, row->second.count) << name_;
    EXPECT_EQ(digest_.finish().hex(), row->second.digest) << name_;
  }

 private:
  std::string name_;
  DigestBuilder digest_;
  std::size_t count_ = 0;
};

AddedToken added(std::string content, bool single_word, bool normalized) {
  AddedToken token;
  token.content = std::move(content);
  token.single_word = single_word;
  token.normalized = normalized;
  return token;
}

// As in variants.py: clean_text, handle_chinese_chars, strip_accents, lowercase.
const std::map<std::string, NormalizerOptions> kNormalizers = {
    {"uncased", {true, true, true, true}},
    {"cased", {true, true, false, false}},
    {"lowercase_only", {true, true, false, true}},
    {"strip_only", {true, false, true, false}},
    {"nothing", {false, false, false, false}},
    {"all_but_clean", {false, true, true, true}},
};

const std::vector<AddedToken> kAddedTokens = {added("<raw>", false, false),
                                              added("<raw>x", false, false),
                                              added("<word>", true, false),
                                              added("<strip>", false, false),
                                              added("Straße", false, true),
                                              added("Été", true, true),
                                              added("new  york", false, true),
                                              added("中文", false, true),
                                              added("[E1]", false, true)};

// The tokenizer by its name in expected.tsv; `…+added` has kAddedTokens too.
std::unique_ptr<Tokenizer> make(const std::string& name) {
  auto parts = parse_vocab_txt(read_file(kGolden / "vocab.txt"), TokenizerConfig{});
  EXPECT_TRUE(parts.ok()) << parts.status().message();
  parts->normalizer = kNormalizers.at(name.substr(0, name.find('+')));
  if (name.find('+') != std::string::npos) {
    parts->added_tokens.insert(parts->added_tokens.end(), kAddedTokens.begin(), kAddedTokens.end());
  }
  auto tokenizer = BertTokenizer::make(*parts);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return std::move(tokenizer).value();
}

void check_texts(const std::string& name,
                 const Tokenizer& tokenizer,
                 const std::vector<std::string>& texts) {
  Case golden(name);
  EncodedPair encoded;
  for (const std::string& text : texts) {
    tokenizer.encode_text(text, encoded);
    golden.add_text(encoded);
  }
  golden.check();
}

void check_scalars(const std::string& name,
                   const Tokenizer& tokenizer,
                   std::string_view before,
                   std::string_view after) {
  Case golden(name);
  EncodedPair encoded;
  std::string text;
  for (char32_t scalar = 0; scalar < 0x110000; ++scalar) {
    if (scalar >= 0xD800 && scalar <= 0xDFFF) {
      continue;
    }
    text = before;
    utf8_append(text, scalar);
    text += after;
    tokenizer.encode_text(text, encoded);
    golden.add_text(encoded);
  }
  golden.check();
}

std::vector<std::string> hostile_texts() {
  std::vector<std::string> texts;
  simdjson::dom::parser parser;
  std::istringstream lines(read_file(kGolden / "hostile.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const simdjson::dom::element row = parser.parse(line).value();
    if (row.is_string()) {
      texts.emplace_back(row.get_string().value());
      continue;
    }
    std::string text(row["before"].get_string().value());
    for (std::int64_t i = row["times"].get_int64().value(); i > 0; --i) {
      text += row["repeat"].get_string().value();
    }
    texts.push_back(text + std::string(row["after"].get_string().value()));
  }
  return texts;
}

struct Texts {
  std::vector<std::string> documents;
  std::vector<std::string> queries;
};

Texts eval_texts(const std::string& set) {
  Texts texts;
  simdjson::dom::parser parser;
  std::istringstream documents(read_file(kEval / set / "corpus.jsonl"));
  for (std::string line; std::getline(documents, line);) {
    const simdjson::dom::element row = parser.parse(line).value();
    texts.documents.push_back(std::string(row["title"].get_string().value()) + " " +
                              std::string(row["text"].get_string().value()));
  }
  std::istringstream queries(read_file(kEval / set / "queries.jsonl"));
  for (std::string line; std::getline(queries, line);) {
    texts.queries.emplace_back(parser.parse(line)["text"].get_string().value());
  }
  return texts;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;
enum class Lengths { kOneEach, kAll };

// As pairs_case in make_expected.py: lengths, sides and caps in turn.
void check_pairs(const std::string& name, const Pairs& pairs, Lengths lengths) {
  constexpr std::array kMaxLengths = {
      3, 4, 5, 6, 7, 8, 12, 16, 17, 31, 64, 127, 128, 256, 511, 512};
  constexpr std::array<std::pair<int, int>, 5> kCaps = {
      {{0, 0}, {3, 0}, {0, 5}, {7, 40}, {64, 64}}};
  const auto tokenizer = make("uncased");
  Case golden(name);
  EncodedPair encoded;
  std::size_t step = 0;
  for (const auto& [query, document] : pairs) {
    const std::size_t turns = lengths == Lengths::kAll ? kMaxLengths.size() * 2 : 1;
    for (std::size_t turn = 0; turn < turns; ++turn, ++step) {
      PairOptions options;
      options.max_length = kMaxLengths[step % kMaxLengths.size()];
      options.truncation_side =
          step / kMaxLengths.size() % 2 == 0 ? TruncationSide::kRight : TruncationSide::kLeft;
      options.max_query_tokens = kCaps[step / 3 % kCaps.size()].first;
      options.max_document_tokens = kCaps[step / 3 % kCaps.size()].second;
      tokenizer->encode_pair(tokenizer->encode_query(query, options), document, options, encoded);
      golden.add_pair(encoded);
    }
  }
  golden.check();
}

class ScalarsGolden : public testing::TestWithParam<std::string> {};

TEST_P(ScalarsGolden, EveryScalarValueAloneAndBetweenLettersGivesTheReferencesIds) {
  const auto tokenizer = make(GetParam());
  check_scalars("scalars_alone/" + GetParam(), *tokenizer, "", "");
  check_scalars("scalars_between/" + GetParam(), *tokenizer, "a", "b");
}

INSTANTIATE_TEST_SUITE_P(
    AllNormalizers,
    ScalarsGolden,
    testing::Values("uncased", "cased", "lowercase_only", "strip_only", "nothing", "all_but_clean"),
    [](const auto& info) { return info.param; });

TEST(WordPieceGolden, EveryScalarValueBesideASingleWordTokenGivesTheReferencesIds) {
  const auto tokenizer = make("uncased+added");
  check_scalars("scalars_before_word/uncased+added", *tokenizer, "", "<word>");
  check_scalars("scalars_after_word/uncased+added", *tokenizer, "<word>", "");
}

TEST(WordPieceGolden, HostileTextsGiveTheReferencesIds) {
  const std::vector<std::string> texts = hostile_texts();
  ASSERT_GT(texts.size(), 300U);
  for (const auto& [name, options] : kNormalizers) {
    check_texts("hostile/" + name, *make(name), texts);
  }
  for (const std::string name : {"uncased+added", "cased+added", "nothing+added"}) {
    check_texts("hostile/" + name, *make(name), texts);
  }
}

std::size_t count_chars(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

TEST(WordPieceGolden, HostilePairsAreTruncatedAsTheReferenceDoes) {
  constexpr std::size_t kLongChars = 5000;
  std::vector<std::string> short_texts;
  std::vector<std::string> long_texts;
  for (const std::string& text : hostile_texts()) {
    (count_chars(text) < kLongChars ? short_texts : long_texts).push_back(text);
  }
  Pairs pairs;
  for (std::size_t i = 0; i + 1 < short_texts.size(); ++i) {
    pairs.emplace_back(short_texts[i], short_texts[i + 1]);
  }
  check_pairs("hostile_pairs", pairs, Lengths::kAll);

  Pairs long_pairs;
  for (std::size_t i = short_texts.size() - 3; i < short_texts.size(); ++i) {
    for (const std::string& text : long_texts) {
      long_pairs.emplace_back(short_texts[i], text);
    }
  }
  check_pairs("hostile_long_pairs", long_pairs, Lengths::kOneEach);
}

class EvalGolden : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kEval)) {
      GTEST_SKIP() << "the evaluation sets are not at " << kEval;
    }
  }
};

TEST_P(EvalGolden, EveryTextGivesTheReferencesIds) {
  const Texts texts = eval_texts(GetParam());
  std::vector<std::string> all = texts.documents;
  all.insert(all.end(), texts.queries.begin(), texts.queries.end());
  for (const std::string variant : {"uncased", "cased", "uncased+added"}) {
    check_texts("eval/" + std::string(GetParam()) + "/" + variant, *make(variant), all);
  }
}

TEST_P(EvalGolden, PairsAreTruncatedAsTheReferenceDoes) {
  const Texts texts = eval_texts(GetParam());
  const std::vector<std::string>& documents = texts.documents;
  Pairs pairs;
  for (std::size_t i = 0; i < texts.queries.size(); ++i) {
    pairs.emplace_back(texts.queries[i], documents[i * 7 % documents.size()]);
  }
  for (std::size_t i = 0; i < documents.size(); i += 3) {
    pairs.emplace_back(documents[i], documents[(i * 5 + 1) % documents.size()]);
  }
  check_pairs("eval_pairs/" + std::string(GetParam()), pairs, Lengths::kOneEach);
}

INSTANTIATE_TEST_SUITE_P(AllSets, EvalGolden, testing::ValuesIn(kEvalSets), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace rr::text
