#include "text/word_reader.h"

#include <algorithm>
#include <cstring>

namespace rr::text {
namespace {

// Added tokens are searched for this far ahead: short texts in one go, long ones only as far as
// they are read.
constexpr std::size_t kSearchWindowBytes = 4096;
constexpr std::size_t kScalarBytesMax = 4;

std::size_t encode(char32_t scalar, char* out) {
  if (scalar < 0x80) {
    out[0] = static_cast<char>(scalar);
    return 1;
  }
  if (scalar < 0x800) {
    out[0] = static_cast<char>(0xC0 | scalar >> 6);
    out[1] = static_cast<char>(0x80 | (scalar & 0x3F));
    return 2;
  }
  if (scalar < 0x10000) {
    out[0] = static_cast<char>(0xE0 | scalar >> 12);
    out[1] = static_cast<char>(0x80 | (scalar >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (scalar & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | scalar >> 18);
  out[1] = static_cast<char>(0x80 | (scalar >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (scalar >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (scalar & 0x3F));
  return 4;
}

}  // namespace

WordReader::WordReader(std::string_view text,
                       std::size_t begin,
                       const CharTable& table,
                       const AddedTokenMatcher& added_tokens,
                       const Options& options,
                       std::string& buffer)
    : text_(text),
      table_(table),
      added_tokens_(added_tokens),
      max_word_chars_(options.max_word_chars),
      buffer_(buffer),
      cursor_(begin),
      stop_(begin),
      search_from_(begin) {
  const std::size_t wanted = (max_word_chars_ + 1) * kScalarBytesMax;
  if (buffer_.size() < wanted) {
    buffer_.resize(wanted);
  }
}

bool WordReader::next(Split& split) {
  if (has_isolated_) {
    emit_isolated(split);
    return true;
  }
  word_bytes_ = 0;
  word_chars_ = 0;
  mark_run_begin_ = 0;
  for (;;) {
    Step step = Step::kGoOn;
    if (!pending_.empty()) {
      step = take_pending();
    } else if (cursor_ < stop_) {
      step = read_characters();
    } else if (cursor_ == text_.size() || at_match_) {
      if (!word_is_empty()) {
        emit_word(split);
        return true;
      }
      if (!at_match_) {
        return false;
      }
      split = {Split::Kind::kAddedToken, {}, match_.id};
      cursor_ = match_.end;
      at_match_ = false;
      stop_ = cursor_;
      search_from_ = std::max(search_from_, cursor_);
      return true;
    } else {
      look_ahead();
    }
    if (step == Step::kWordEnds) {
      if (!word_is_empty()) {
        emit_word(split);
        return true;
      }
      if (has_isolated_) {
        emit_isolated(split);
        return true;
      }
    }
  }
}

// Moves stop_ to the next added token, or a window ahead when there is none that near.
void WordReader::look_ahead() {
  std::size_t limit = std::min(text_.size(), cursor_ + kSearchWindowBytes);
  while (limit < text_.size() && (static_cast<unsigned char>(text_[limit]) & 0xC0) == 0x80) {
    ++limit;  // never inside a character
  }
  std::size_t resume = limit;
  if (search_from_ < limit) {
    if (const auto match = added_tokens_.find(text_, search_from_, limit, resume)) {
      match_ = *match;
      at_match_ = true;
      stop_ = match->begin;
      search_from_ = match->end;
      return;
    }
    search_from_ = resume;
  }
  stop_ = limit;
}

// Reads up to the end of a word, a character that becomes several symbols, or stop_.
WordReader::Step WordReader::read_characters() {
  Step step = Step::kGoOn;
  while (cursor_ < stop_ && step == Step::kGoOn && pending_.empty()) {
    if (word_is_empty()) {
      skip_ascii_blanks();
    }
    read_ascii_letters();
    if (cursor_ == stop_) {
      break;
    }
    const auto byte = static_cast<unsigned char>(text_[cursor_]);
    if (byte < 0x80) {
      ++cursor_;
      step = take({table_.ascii_kind(byte), static_cast<char32_t>(table_.ascii_value(byte))});
    } else {
      step = read_wide_characters();
    }
  }
  return step;
}

// Inside a word that is too long already: only its end matters.
void WordReader::skip_wide_letters() {
  const std::string_view text = text_.substr(0, stop_);
  const CharTable& table = table_;
  std::size_t cursor = cursor_;
  while (cursor < text.size() && static_cast<unsigned char>(text[cursor]) >= 0x80) {
    const DecodedScalar next = decode_scalar(text.substr(cursor));
    const SymbolKind kind = table.symbol(next.scalar).kind;
    if (kind == SymbolKind::kSpace || kind == SymbolKind::kIsolated ||
        kind == SymbolKind::kChinese || kind == SymbolKind::kSequence) {
      break;
    }
    cursor += next.size_bytes;
  }
  cursor_ = cursor;
}

// A run of characters that vanish without a trace, which may be as long as the text.
void WordReader::skip_wide_drops() {
  const std::string_view text = text_.substr(0, stop_);
  const CharTable& table = table_;
  std::size_t cursor = cursor_;
  while (cursor < text.size() && static_cast<unsigned char>(text[cursor]) >= 0x80) {
    const DecodedScalar next = decode_scalar(text.substr(cursor));
    if (table.symbol(next.scalar).kind != SymbolKind::kDrop) {
      break;
    }
    cursor += next.size_bytes;
  }
  cursor_ = cursor;
}

// Characters beyond ASCII, as long as they are letters or vanish; in front of a word also spaces.
WordReader::Step WordReader::read_wide_characters() {
  if (word_chars_ > max_word_chars_) {
    skip_wide_letters();
  }
  skip_wide_drops();
  std::size_t cursor = cursor_;
  while (cursor < stop_ && static_cast<unsigned char>(text_[cursor]) >= 0x80) {
    const DecodedScalar next = decode_scalar(text_.substr(cursor));
    cursor = std::min(cursor + next.size_bytes, stop_);  // beyond stop_ only in invalid UTF-8
    const Symbol symbol = table_.symbol(next.scalar);
    if (symbol.kind == SymbolKind::kLetter) {
      append(symbol.value);
      mark_run_begin_ = word_bytes_;
    } else if (symbol.kind == SymbolKind::kDropStarter) {
      mark_run_begin_ = word_bytes_;
    } else if (symbol.kind != SymbolKind::kDrop &&
               !(symbol.kind == SymbolKind::kSpace && word_is_empty())) {
      cursor_ = cursor;
      return take_wide(next.scalar, symbol);
    }
  }
  cursor_ = cursor;
  return Step::kGoOn;
}

WordReader::Step WordReader::take_wide(char32_t scalar, Symbol symbol) {
  if (symbol.kind == SymbolKind::kHangul) {
    hangul_ = hangul_letters(scalar);
    pending_ = {hangul_.symbols.data(), hangul_.count};
    return Step::kGoOn;
  }
  if (symbol.kind == SymbolKind::kSequence) {
    pending_ = table_.sequence(symbol.value);
    return Step::kGoOn;
  }
  return take(symbol);
}

// The loops below keep everything in locals: buffer_ is written through char*, which could alias
// every member.
void WordReader::skip_ascii_blanks() {
  const char* const text = text_.data();
  std::size_t cursor = cursor_;
  while (cursor < stop_ && table_.ascii_blank(static_cast<unsigned char>(text[cursor]))) {
    ++cursor;
  }
  cursor_ = cursor;
}

void WordReader::read_ascii_letters() {
  const char* const text = text_.data();
  const CharTable& table = table_;
  const std::size_t stop = stop_;
  std::size_t cursor = cursor_;
  if (word_chars_ <= max_word_chars_) {
    const std::size_t end = std::min(stop, cursor + (max_word_chars_ + 1 - word_chars_));
    char* const out = buffer_.data() + word_bytes_;
    std::size_t count = 0;
    while (cursor < end) {
      const char letter = table.ascii_letter(static_cast<unsigned char>(text[cursor]));
      if (letter == '\0') {
        break;
      }
      out[count] = letter;
      ++count;
      ++cursor;
    }
    word_bytes_ += count;
    word_chars_ += count;
    if (count > 0) {
      mark_run_begin_ = word_bytes_;
    }
  }
  if (word_chars_ > max_word_chars_) {
    while (cursor < stop && table.ascii_letter(static_cast<unsigned char>(text[cursor])) != '\0') {
      ++cursor;
    }
  }
  cursor_ = cursor;
}

WordReader::Step WordReader::take_pending() {
  while (!pending_.empty()) {
    const Symbol symbol = pending_.front();
    pending_ = pending_.subspan(1);
    if (take(symbol) == Step::kWordEnds) {
      return Step::kWordEnds;
    }
  }
  return Step::kGoOn;
}

WordReader::Step WordReader::take(Symbol symbol) {
  switch (symbol.kind) {
    case SymbolKind::kLetter:
      append(symbol.value);
      mark_run_begin_ = word_bytes_;
      return Step::kGoOn;
    case SymbolKind::kMark:
      insert_mark(symbol.value);
      return Step::kGoOn;
    case SymbolKind::kDropStarter:
      mark_run_begin_ = word_bytes_;
      return Step::kGoOn;
    case SymbolKind::kIsolated:
    case SymbolKind::kChinese:
      has_isolated_ = true;
      isolated_ = symbol.value;
      return Step::kWordEnds;
    case SymbolKind::kSpace:
      return Step::kWordEnds;
    default:
      return Step::kGoOn;
  }
}

void WordReader::append(char32_t scalar) {
  if (word_chars_ <= max_word_chars_) {
    word_bytes_ += encode(scalar, buffer_.data() + word_bytes_);
    ++word_chars_;
  }
}

// NFD keeps the marks behind a starter sorted by class, equal classes in their own order.
void WordReader::insert_mark(char32_t mark) {
  if (word_chars_ > max_word_chars_) {
    return;
  }
  const std::uint32_t mark_class = combining_class(mark);
  const std::string_view word(buffer_.data(), word_bytes_);
  std::size_t place = mark_run_begin_;
  while (place < word_bytes_) {
    const DecodedScalar there = decode_scalar(word.substr(place));
    if (combining_class(there.scalar) > mark_class) {
      break;
    }
    place += there.size_bytes;
  }
  std::array<char, kScalarBytesMax> encoded{};
  const std::size_t size_bytes = encode(mark, encoded.data());
  char* const hole = buffer_.data() + place;
  std::memmove(hole + size_bytes, hole, word_bytes_ - place);
  std::memcpy(hole, encoded.data(), size_bytes);
  word_bytes_ += size_bytes;
  ++word_chars_;
}

void WordReader::emit_word(Split& split) {
  if (word_chars_ > max_word_chars_) {
    split = {Split::Kind::kTooLong, {}, 0};
  } else {
    split = {Split::Kind::kWord, {buffer_.data(), word_bytes_}, 0};
  }
}

void WordReader::emit_isolated(Split& split) {
  has_isolated_ = false;
  split.kind = max_word_chars_ == 0 ? Split::Kind::kTooLong : Split::Kind::kWord;
  split.word = {buffer_.data(), encode(isolated_, buffer_.data())};
}

}  // namespace rr::text
