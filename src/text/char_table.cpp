#include "text/char_table.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/check.h"
#include "base/utf8.h"
#include "text/unicode_tables.h"

namespace rr::text {
namespace {

constexpr char32_t kScalarEnd = 0x110000;
constexpr char32_t kReplacement = 0xFFFD;
constexpr std::size_t kPageCells = 256;
constexpr char32_t kHangulFirst = 0xAC00;
constexpr char32_t kHangulLast = 0xD7A3;

bool contains(std::span<const ScalarRange> ranges, char32_t scalar) {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), scalar, [](char32_t value, const ScalarRange& range) {
        return value < range.first;
      });
  return after != ranges.begin() && scalar <= std::prev(after)->last;
}

using Expansions = std::unordered_map<char32_t, std::vector<char32_t>>;

// Reads from, to…, 0, from, to…, 0.
Expansions read_expansions(std::span<const std::uint32_t> flat) {
  Expansions out;
  for (std::size_t i = 0; i < flat.size(); ++i) {
    std::vector<char32_t>& to = out[flat[i]];
    for (++i; flat[i] != 0; ++i) {
      to.push_back(flat[i]);
    }
  }
  return out;
}

// The tables as sets and maps, alive only while a CharTable is built.
class Passes {
 public:
  explicit Passes(const NormalizerOptions& options)
      : options_(options), decompositions_(read_expansions(decompositions())) {
    if (options.lowercase) {
      lower_case_ = read_expansions(lower_case_expansions());
      for (const LowerCaseRun& run : lower_case_runs()) {
        for (char32_t c = run.first; c <= run.last; c += run.stride) {
          lower_case_[c] = {c + static_cast<char32_t>(run.delta)};
        }
      }
    }
  }

  // Every scalar for which some pass other than removal and Chinese spacing does something.
  void for_each_special(const auto& visit) const {
    for (const auto ranges : {white_space(), punctuation(), nonspacing_marks()}) {
      for (const ScalarRange& range : ranges) {
        for (char32_t c = range.first; c <= range.last; ++c) {
          visit(c);
        }
      }
    }
    for (const CombiningRange& range : combining_ranges()) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        visit(c);
      }
    }
    for (const auto& [from, to] : decompositions_) {
      visit(from);
    }
    for (const auto& [from, to] : lower_case_) {
      visit(from);
    }
  }

  std::vector<Symbol> run(char32_t scalar) const {
    if (options_.clean_text && contains(removed_by_clean_text(), scalar)) {
      return {{SymbolKind::kDrop, 0}};
    }
    const bool isolate = options_.handle_chinese_chars && contains(chinese(), scalar);
    std::vector<Symbol> out;
    bool starts = false;  // whether the decomposition, stripped or not, holds a starter
    for (const char32_t part : decompose(scalar)) {
      const std::uint32_t mark_class = options_.strip_accents ? combining_class(part) : 0;
      starts = starts || mark_class == 0;
      if (options_.strip_accents && contains(nonspacing_marks(), part)) {
        continue;
      }
      for (const char32_t lowered : lower(part)) {
        out.push_back(classify(lowered, mark_class));
      }
    }
    if (out.empty()) {
      return {{starts ? SymbolKind::kDropStarter : SymbolKind::kDrop, 0}};
    }
    if (isolate && out.size() == 1 && out[0].kind == SymbolKind::kLetter) {
      return {{SymbolKind::kChinese, out[0].value}};
    }
    if (isolate) {
      out.insert(out.begin(), {SymbolKind::kSpace, ' '});
      out.push_back({SymbolKind::kSpace, ' '});
    }
    return out;
  }

 private:
  std::vector<char32_t> decompose(char32_t scalar) const {
    if (options_.strip_accents) {
      if (const auto found = decompositions_.find(scalar); found != decompositions_.end()) {
        return found->second;
      }
    }
    return {scalar};
  }

  std::vector<char32_t> lower(char32_t scalar) const {
    const auto found = lower_case_.find(scalar);
    return found == lower_case_.end() ? std::vector<char32_t>{scalar} : found->second;
  }

  Symbol classify(char32_t scalar, std::uint32_t mark_class) const {
    if (contains(white_space(), scalar)) {
      return {SymbolKind::kSpace, options_.clean_text ? U' ' : scalar};
    }
    if (contains(punctuation(), scalar)) {
      return {SymbolKind::kIsolated, scalar};
    }
    return {mark_class == 0 ? SymbolKind::kLetter : SymbolKind::kMark, scalar};
  }

  NormalizerOptions options_;
  Expansions decompositions_;
  Expansions lower_case_;
};

// Puts `mark` behind the marks of no higher class at the end of `out`, from `run_begin` on.
void insert_mark(std::string& out, std::size_t run_begin, char32_t mark) {
  std::string encoded;
  utf8_append(encoded, mark);
  std::size_t place = run_begin;
  const std::uint32_t mark_class = combining_class(mark);
  while (place < out.size()) {
    const DecodedScalar there = decode_scalar(std::string_view(out).substr(place));
    if (combining_class(there.scalar) > mark_class) {
      break;
    }
    place += there.size_bytes;
  }
  out.insert(place, encoded);
}

}  // namespace

HangulLetters hangul_letters(char32_t syllable) {
  const char32_t index = syllable - kHangulFirst;
  const char32_t tail = index % 28;
  return {{{{SymbolKind::kLetter, 0x1100 + index / 588},
            {SymbolKind::kLetter, 0x1161 + index % 588 / 28},
            {SymbolKind::kLetter, 0x11A7 + tail}}},
          tail == 0 ? std::size_t{2} : std::size_t{3}};
}

std::uint32_t combining_class(char32_t scalar) {
  const std::span<const CombiningRange> ranges = combining_ranges();
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), scalar, [](char32_t value, const CombiningRange& range) {
        return value < range.first;
      });
  if (after == ranges.begin() || scalar > std::prev(after)->last) {
    return 0;
  }
  return std::prev(after)->combining_class;
}

bool is_word_character(char32_t scalar) {
  return contains(word_characters(), scalar);
}

bool is_white_space(char32_t scalar) {
  return contains(white_space(), scalar);
}

CharTable::CharTable(const NormalizerOptions& options) : pages_(kScalarEnd >> 8) {
  const auto kind_cell = [](SymbolKind kind) {
    return kItself << 8 | static_cast<std::uint32_t>(kind);
  };
  std::vector<std::uint32_t> cells(kScalarEnd, kind_cell(SymbolKind::kLetter));
  const Passes passes(options);
  passes.for_each_special(
      [&](char32_t scalar) { cells[scalar] = pack(scalar, passes.run(scalar)); });
  const auto fill = [&](const ScalarRange& range, SymbolKind kind, SymbolKind only_where) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      if (only_where == kind || cells[c] == kind_cell(only_where)) {
        cells[c] = kind_cell(kind);
      }
    }
  };
  if (options.clean_text) {
    for (const ScalarRange& range : removed_by_clean_text()) {
      fill(range, SymbolKind::kDrop, SymbolKind::kDrop);
    }
  }
  if (options.handle_chinese_chars) {
    for (const ScalarRange& range : chinese()) {
      fill(range, SymbolKind::kChinese, SymbolKind::kLetter);
    }
  }
  if (options.strip_accents) {
    fill({kHangulFirst, kHangulLast}, SymbolKind::kHangul, SymbolKind::kHangul);
  }
  note_word_enders(cells);
  share_pages(cells);
  for (unsigned char byte = 0; byte < 128; ++byte) {
    const Symbol of_byte = symbol(byte);
    RR_CHECK(of_byte.kind == SymbolKind::kDrop || of_byte.value < 128);
    ascii_kinds_[byte] = of_byte.kind;
    ascii_values_[byte] = static_cast<char>(of_byte.value);
    ascii_letters_[byte] = of_byte.kind == SymbolKind::kLetter ? ascii_values_[byte] : '\0';
    ascii_blanks_[byte] = of_byte.kind == SymbolKind::kSpace || of_byte.kind == SymbolKind::kDrop;
  }
}

std::uint32_t CharTable::pack(char32_t scalar, const std::vector<Symbol>& symbols) {
  if (symbols.size() == 1) {
    const char32_t value = symbols[0].value == scalar ? kItself : symbols[0].value;
    return value << 8 | static_cast<std::uint32_t>(symbols[0].kind);
  }
  const std::size_t place = sequences_.size();
  RR_CHECK(place < 0xFFFF && symbols.size() < 0xFF);
  sequences_.insert(sequences_.end(), symbols.begin(), symbols.end());
  return static_cast<std::uint32_t>(place << 16 | symbols.size() << 8) |
         static_cast<std::uint32_t>(SymbolKind::kSequence);
}

void CharTable::note_word_enders(const std::vector<std::uint32_t>& cells) {
  for (char32_t scalar = 0; scalar < kScalarEnd; ++scalar) {
    const auto kind = static_cast<SymbolKind>(cells[scalar] & 0xFF);
    if (kind == SymbolKind::kSpace || kind == SymbolKind::kIsolated ||
        kind == SymbolKind::kChinese) {
      const char32_t lead = scalar < 0x80      ? scalar
                            : scalar < 0x800   ? 0xC0 | scalar >> 6
                            : scalar < 0x10000 ? 0xE0 | scalar >> 12
                                               : 0xF0 | scalar >> 18;
      word_enders_[lead] = true;
    }
  }
}

void CharTable::share_pages(const std::vector<std::uint32_t>& cells) {
  std::unordered_map<std::string_view, std::uint32_t> seen;
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    const std::uint32_t* const content = cells.data() + page * kPageCells;
    const std::string_view bytes(reinterpret_cast<const char*>(content),
                                 kPageCells * sizeof(std::uint32_t));
    const auto [entry, fresh] = seen.try_emplace(bytes, static_cast<std::uint32_t>(cells_.size()));
    if (fresh) {
      cells_.insert(cells_.end(), content, content + kPageCells);
    }
    pages_[page] = entry->second;
  }
}

DecodedScalar decode_scalar_slowly(std::string_view text) {
  const auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  if (lead < 0xE0) {
    return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), std::min<std::size_t>(2, text.size())};
  }
  if (lead < 0xF0) {
    const char32_t scalar = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    const bool surrogate = scalar >= 0xD800 && scalar <= 0xDFFF;
    return {surrogate ? kReplacement : scalar, std::min<std::size_t>(3, text.size())};
  }
  const char32_t scalar =
      (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  return {scalar < kScalarEnd ? scalar : kReplacement, std::min<std::size_t>(4, text.size())};
}

std::string normalized_text(const CharTable& table, std::string_view text) {
  std::string out;
  std::size_t run_begin = 0;
  const auto take = [&](Symbol symbol) {
    switch (symbol.kind) {
      case SymbolKind::kDrop:
        return;
      case SymbolKind::kDropStarter:
        break;
      case SymbolKind::kMark:
        insert_mark(out, run_begin, symbol.value);
        return;
      case SymbolKind::kChinese:
        out += ' ';
        utf8_append(out, symbol.value);
        out += ' ';
        break;
      default:
        utf8_append(out, symbol.value);
    }
    run_begin = out.size();
  };
  while (!text.empty()) {
    const DecodedScalar next = decode_scalar(text);
    text.remove_prefix(next.size_bytes);
    const Symbol symbol = table.symbol(next.scalar);
    if (symbol.kind == SymbolKind::kHangul) {
      const HangulLetters letters = hangul_letters(next.scalar);
      std::for_each_n(letters.symbols.begin(), letters.count, take);
    } else if (symbol.kind == SymbolKind::kSequence) {
      std::ranges::for_each(table.sequence(symbol.value), take);
    } else {
      take(symbol);
    }
  }
  return out;
}

}  // namespace rr::text
