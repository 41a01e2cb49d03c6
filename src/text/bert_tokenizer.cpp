#include "text/bert_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "text/unicode_tables.h"

namespace rr::text {
namespace {

constexpr std::size_t kNoLimit = SIZE_MAX;
constexpr std::size_t kBytesPerTokenGuess = 8;  // how far back a left-truncated read starts
constexpr std::size_t kReachGrowth = 8;  // how much further it starts when that gave too little
constexpr std::size_t kNormalizeBytes = 16384;     // normalized at a time, where that is needed
constexpr std::size_t kScratchKeptIds = 1U << 20;  // memory that a thread keeps between calls

template <typename T>
void add_table(DigestBuilder& digest, std::span<const T> table) {
  digest.add_number(static_cast<std::int64_t>(table.size()));
  digest.add_bytes(std::as_bytes(table));
}

void add_template(DigestBuilder& digest, const PairTemplate& pieces) {
  digest.add_number(static_cast<std::int64_t>(pieces.pieces().size()));
  for (const TemplatePiece& piece : pieces.pieces()) {
    digest.add_number(static_cast<std::int64_t>(piece.kind));
    digest.add_number(piece.token_type_id);
    digest.add_number(piece.id);
  }
}

}  // namespace

// Memory of one thread, reused from call to call.
struct BertTokenizer::Scratch {
  std::string word;
  std::string normalized;
  std::vector<TokenId> ids;

  static Scratch& of_this_thread() {
    thread_local Scratch scratch;
    if (scratch.ids.capacity() > kScratchKeptIds ||
        scratch.normalized.capacity() > kScratchKeptIds) {
      scratch = Scratch{};
    }
    return scratch;
  }
};

// The splits of a text. Where added tokens match after normalization, the text between raw matches
// is normalized piece by piece and cut a second time; otherwise one WordReader does it all.
class BertTokenizer::SplitReader {
 public:
  SplitReader(const BertTokenizer& tokenizer,
              std::string_view text,
              std::size_t begin,
              Scratch& scratch)
      : tokenizer_(tokenizer), text_(text), cursor_(begin), stop_(begin), scratch_(scratch) {
    if (tokenizer_.normalized_tokens_.empty()) {
      reader_.emplace(text_,
                      begin,
                      tokenizer_.table_,
                      tokenizer_.raw_tokens_,
                      tokenizer_.reader_options_,
                      scratch_.word);
      cursor_ = stop_ = text_.size();
    }
  }

  bool next(Split& split) {
    for (;;) {
      if (reader_ && reader_->next(split)) {
        return true;
      }
      if (cursor_ < stop_) {
        open_normalized();
      } else if (match_) {
        split = {Split::Kind::kAddedToken, {}, match_->id};
        cursor_ = stop_ = match_->end;
        match_.reset();
        reader_.reset();
        return true;
      } else if (cursor_ == text_.size()) {
        return false;
      } else {
        std::size_t resume = 0;
        match_ = tokenizer_.raw_tokens_.find(text_, cursor_, text_.size(), resume);
        stop_ = match_ ? match_->begin : text_.size();
      }
    }
  }

 private:
  // Pieces end before white space, so that neither a word nor a sequence of marks is cut; when a
  // normalized token holds white space itself, the whole segment is one piece.
  void open_normalized() {
    std::size_t end = stop_;
    if (!tokenizer_.normalized_tokens_.holds_white_space() && stop_ - cursor_ > kNormalizeBytes) {
      end = cursor_ + kNormalizeBytes;
      while (end < stop_ && !is_space_at(end)) {
        ++end;
      }
    }
    scratch_.normalized = normalized_text(tokenizer_.table_, text_.substr(cursor_, end - cursor_));
    cursor_ = end;
    reader_.emplace(scratch_.normalized,
                    0,
                    *tokenizer_.normalized_table_,
                    tokenizer_.normalized_tokens_,
                    tokenizer_.reader_options_,
                    scratch_.word);
  }

  bool is_space_at(std::size_t position) const {
    if ((static_cast<unsigned char>(text_[position]) & 0xC0) == 0x80) {
      return false;
    }
    const char32_t scalar = decode_scalar(text_.substr(position)).scalar;
    return tokenizer_.table_.symbol(scalar).kind == SymbolKind::kSpace;
  }

  const BertTokenizer& tokenizer_;
  std::string_view text_;
  std::size_t cursor_;
  std::size_t stop_;
  Scratch& scratch_;
  std::optional<AddedTokenMatcher::Match> match_;
  std::optional<WordReader> reader_;
};

Result<std::unique_ptr<BertTokenizer>> BertTokenizer::make(const TokenizerParts& parts) {
  std::unique_ptr<BertTokenizer> tokenizer(new BertTokenizer(parts));
  RR_ASSIGN_OR_RETURN(tokenizer->model_, WordPiece::build(parts.vocabulary));
  RR_RETURN_IF_ERROR(parts.single.check({1, 0}));
  RR_RETURN_IF_ERROR(parts.pair.check({1, 1}));
  RR_RETURN_IF_ERROR(tokenizer->set_added_tokens(parts));
  tokenizer->set_vocab_size(parts);
  tokenizer->set_digest(parts);
  return tokenizer;
}

BertTokenizer::BertTokenizer(const TokenizerParts& parts)
    : table_(parts.normalizer),
      reader_options_{static_cast<std::size_t>(parts.max_input_chars_per_word)},
      single_(parts.single),
      pair_(parts.pair),
      model_max_length_(parts.model_max_length) {}

// As the reference does at loading: an id is looked up by content, and given out after the
// vocabulary where there is none; of several tokens with one id the last counts.
Status BertTokenizer::set_added_tokens(const TokenizerParts& parts) {
  std::unordered_set<std::string_view> distinct;
  for (const auto& [entry, id] : parts.vocabulary.entries) {
    distinct.insert(entry);
  }
  auto next_id = static_cast<TokenId>(distinct.size());
  std::unordered_map<std::string, TokenId> given;
  std::map<TokenId, AddedToken> by_id;
  for (AddedToken token : parts.added_tokens) {
    if (token.content.empty()) {
      continue;
    }
    token.id = model_.id_of(token.content);
    if (token.id == PieceTrie::kNone) {
      const auto [entry, fresh] = given.try_emplace(token.content, next_id);
      next_id += fresh ? 1 : 0;
      token.id = entry->second;
    }
    by_id[token.id] = std::move(token);
  }
  std::vector<AddedToken> raw;
  std::vector<AddedToken> normalized;
  std::unordered_set<std::string> patterns;
  for (auto& [id, token] : by_id) {
    added_tokens_.push_back(token);
    if (!token.normalized) {
      raw.push_back(token);
      continue;
    }
    token.content = normalized_text(table_, token.content);
    if (token.content.empty() || !patterns.insert(token.content).second) {
      return {
          Code::kUnsupported,
          fmt::format("added token {} is empty or equal to another one after normalization", id)};
    }
    normalized.push_back(token);
  }
  if (!normalized.empty()) {
    constexpr NormalizerOptions kNothing = {.clean_text = false,
                                            .handle_chinese_chars = false,
                                            .strip_accents = false,
                                            .lowercase = false};
    normalized_table_ = std::make_unique<CharTable>(kNothing);
  }
  RR_ASSIGN_OR_RETURN(raw_tokens_, AddedTokenMatcher::build(raw));
  RR_ASSIGN_OR_RETURN(normalized_tokens_, AddedTokenMatcher::build(normalized));
  return {};
}

void BertTokenizer::set_vocab_size(const TokenizerParts& parts) {
  TokenId highest = 0;
  for (const auto& [entry, id] : parts.vocabulary.entries) {
    highest = std::max(highest, id);
  }
  for (const AddedToken& token : added_tokens_) {
    highest = std::max(highest, token.id);
  }
  for (const PairTemplate* pieces : {&single_, &pair_}) {
    for (const TemplatePiece& piece : pieces->pieces()) {
      highest = std::max(highest, piece.id);
    }
  }
  vocab_size_ = highest + 1;
}

void BertTokenizer::set_digest(const TokenizerParts& parts) {
  DigestBuilder digest;
  digest.add("BertTokenizer 1");
  std::map<std::string_view, TokenId> vocabulary;
  for (const auto& [entry, id] : parts.vocabulary.entries) {
    vocabulary[entry] = id;
  }
  for (const auto& [entry, id] : vocabulary) {
    digest.add(entry).add_number(id);
  }
  digest.add(parts.vocabulary.unk_token).add(parts.vocabulary.continuing_subword_prefix);
  digest.add_number(parts.max_input_chars_per_word);
  for (const bool option : {parts.normalizer.clean_text,
                            parts.normalizer.handle_chinese_chars,
                            parts.normalizer.strip_accents,
                            parts.normalizer.lowercase}) {
    digest.add_number(option ? 1 : 0);
  }
  for (const AddedToken& token : added_tokens_) {
    digest.add(token.content).add_number(token.id);
    digest.add_number(token.single_word ? 1 : 0).add_number(token.normalized ? 1 : 0);
  }
  add_template(digest, single_);
  add_template(digest, pair_);
  for (const auto table : {removed_by_clean_text(),
                           white_space(),
                           chinese(),
                           punctuation(),
                           nonspacing_marks(),
                           word_characters()}) {
    add_table(digest, table);
  }
  add_table(digest, lower_case_runs());
  add_table(digest, lower_case_expansions());
  add_table(digest, combining_ranges());
  add_table(digest, decompositions());
  digest_ = digest.finish();
}

void BertTokenizer::append(const Split& split, std::vector<TokenId>& ids) const {
  switch (split.kind) {
    case Split::Kind::kWord:
      model_.append(split.word, ids);
      break;
    case Split::Kind::kTooLong:
      model_.append_unknown(ids);
      break;
    case Split::Kind::kAddedToken:
      ids.push_back(split.added_id);
      break;
  }
}

std::size_t BertTokenizer::read(std::string_view text,
                                const Reading& reading,
                                Scratch& scratch) const {
  if (reading.side == TruncationSide::kLeft) {
    return read_backwards(text, reading.enough, scratch);
  }
  scratch.ids.clear();
  SplitReader reader(*this, text, 0, scratch);
  Split split;
  while (scratch.ids.size() < reading.enough && reader.next(split)) {
    append(split, scratch.ids);
  }
  return scratch.ids.size();
}

std::size_t BertTokenizer::read_backwards(std::string_view text,
                                          std::size_t enough,
                                          Scratch& scratch) const {
  std::size_t reach = enough > text.size() ? text.size() : enough * kBytesPerTokenGuess;
  for (;;) {
    const std::size_t begin = safe_point(text, text.size() - std::min(reach, text.size()));
    scratch.ids.clear();
    SplitReader reader(*this, text, begin, scratch);
    Split split;
    while (reader.next(split)) {
      append(split, scratch.ids);
    }
    if (begin == 0 || scratch.ids.size() >= enough) {
      return scratch.ids.size();
    }
    reach = kReachGrowth * (text.size() - begin);
  }
}

// The last place not after `at_most` where reading may start as if the text began there: the
// character there ends any word before it, marks do not move across it, and no added token begins
// before it and ends behind it.
std::size_t BertTokenizer::safe_point(std::string_view text, std::size_t at_most) const {
  if (at_most >= text.size() || normalized_tokens_.holds_white_space()) {
    return 0;
  }
  const CharTable& table = table_;
  const bool after_isolated = normalized_tokens_.empty();
  for (std::size_t place = at_most; place > 0; --place) {
    if (!table.may_end_word(static_cast<unsigned char>(text[place]))) {
      continue;
    }
    const SymbolKind kind = table.symbol(decode_scalar(text.substr(place)).scalar).kind;
    const bool ends_word =
        kind == SymbolKind::kSpace ||
        (after_isolated && (kind == SymbolKind::kIsolated || kind == SymbolKind::kChinese));
    if (ends_word && !raw_tokens_.straddles(text, place)) {
      return place;
    }
  }
  return 0;
}

std::size_t BertTokenizer::pair_room(const PairOptions& options) const {
  const auto limit = static_cast<std::size_t>(std::max(options.max_length, 0));
  return limit - std::min(limit, pair_.special_tokens());
}

EncodedQuery BertTokenizer::encode_query(std::string_view query, const PairOptions& options) const {
  Scratch& scratch = Scratch::of_this_thread();
  const std::size_t cap =
      options.max_query_tokens > 0 ? static_cast<std::size_t>(options.max_query_tokens) : kNoLimit;
  const std::size_t room = pair_room(options);
  const std::size_t count =
      read(query, {cap == kNoLimit ? kNoLimit : cap + 1, options.truncation_side}, scratch);
  EncodedQuery out;
  out.token_count = std::min(count, cap);
  const std::size_t kept = std::min(out.token_count, room);
  out.truncated = count > kept;
  const bool from_end = options.truncation_side == TruncationSide::kLeft;
  const auto begin =
      from_end ? scratch.ids.end() - static_cast<std::ptrdiff_t>(kept) : scratch.ids.begin();
  out.ids.assign(begin, begin + static_cast<std::ptrdiff_t>(kept));
  return out;
}

void BertTokenizer::encode_pair(const EncodedQuery& query,
                                std::string_view document,
                                const PairOptions& options,
                                EncodedPair& out) const {
  Scratch& scratch = Scratch::of_this_thread();
  const std::size_t cap = options.max_document_tokens > 0
                              ? static_cast<std::size_t>(options.max_document_tokens)
                              : kNoLimit;
  const std::size_t room = pair_room(options);
  const std::size_t query_count = std::max(query.token_count, query.ids.size());
  // The most that a document can keep beside this query, and what tells which side is longer.
  const std::size_t most = std::max(room - std::min(query_count, room), (room + 1) / 2);
  const std::size_t enough =
      std::min(std::max(most + 1, query_count), cap == kNoLimit ? cap : cap + 1);
  const std::size_t count = read(document, {enough, options.truncation_side}, scratch);
  const PairLengths kept = longest_first({query_count, std::min(count, cap)}, room);

  std::span<const TokenId> query_ids(query.ids);
  std::span<const TokenId> document_ids(scratch.ids);
  RR_CHECK(kept.query <= query_ids.size());
  if (options.truncation_side == TruncationSide::kLeft) {
    query_ids = query_ids.last(kept.query);
    document_ids = document_ids.last(kept.document);
  } else {
    query_ids = query_ids.first(kept.query);
    document_ids = document_ids.first(kept.document);
  }
  pair_.apply(query_ids, document_ids, out.input_ids, out.token_type_ids);
  out.truncated = query.truncated || kept.query < query_count || kept.document < count;
}

void BertTokenizer::encode_text(std::string_view text, EncodedPair& out) const {
  Scratch& scratch = Scratch::of_this_thread();
  read(text, {kNoLimit, TruncationSide::kRight}, scratch);
  single_.apply(scratch.ids, {}, out.input_ids, out.token_type_ids);
  out.truncated = false;
}

}  // namespace rr::text
