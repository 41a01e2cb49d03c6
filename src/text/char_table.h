// What the BERT normalizer and the BERT pre-tokenizer together make of one character: a symbol for
// every Unicode scalar value, expanded once from unicode_tables.h for the options of one tokenizer.
// The reference runs whole-text passes (clean_text, handle_chinese_chars, NFD and strip_accents,
// lower case, split at white space, isolate punctuation); each pass works character by character,
// so their composition does too, with one exception: NFD sorts neighbouring combining marks. Marks
// that survive strip_accents come out as kMark and WordReader sorts them.
// Source: tokenizers 0.23.3, normalizers/bert.rs and pre_tokenizers/bert.rs.
// Size: about 200 KiB. Immutable after construction, thread-safe; a look-up is two loads.
// Tested by char_table_test.cpp and wordpiece_golden_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rr::text {

struct NormalizerOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

enum class SymbolKind : std::uint8_t {
  kLetter,       // part of a word
  kSpace,        // ends a word, vanishes
  kIsolated,     // punctuation: a word of its own
  kChinese,      // a letter between two spaces: a word of its own
  kDrop,         // vanishes without a trace
  kDropStarter,  // vanishes, but marks do not move across it
  kMark,         // part of a word; sorted by combining class with marks beside it
  kSequence,     // several symbols: CharTable::sequence(value)
  kHangul,       // a Hangul syllable that NFD takes apart: hangul_letters(scalar)
};

struct Symbol {
  SymbolKind kind;
  char32_t value;  // the scalar after normalization
};

struct HangulLetters {
  std::array<Symbol, 3> symbols;
  std::size_t count;
};
HangulLetters hangul_letters(char32_t syllable);

// Canonical combining class, renumbered in ascending order; 0 = never moves.
std::uint32_t combining_class(char32_t scalar);

// `\w` and `\s` of the reference's regular expressions, on which added tokens depend.
bool is_word_character(char32_t scalar);
bool is_white_space(char32_t scalar);

class CharTable {
 public:
  explicit CharTable(const NormalizerOptions& options);

  Symbol symbol(char32_t scalar) const {
    const std::uint32_t cell = cells_[pages_[scalar >> 8] + (scalar & 0xFF)];
    const auto kind = static_cast<SymbolKind>(cell & 0xFF);
    const char32_t value = cell >> 8;
    return {kind, value == kItself ? scalar : value};
  }
  std::span<const Symbol> sequence(char32_t value) const {
    return {sequences_.data() + (value >> 8), value & 0xFF};
  }

  // ASCII, the common case: kinds and (for letters and isolated ones) the resulting byte.
  SymbolKind ascii_kind(unsigned char byte) const { return ascii_kinds_[byte]; }
  char ascii_value(unsigned char byte) const { return ascii_values_[byte]; }
  // For any byte: what an ASCII letter becomes, or NUL when the byte needs a closer look.
  char ascii_letter(unsigned char byte) const { return ascii_letters_[byte]; }
  // For any byte: whether it is ASCII that vanishes, in front of a word.
  bool ascii_blank(unsigned char byte) const { return ascii_blanks_[byte]; }
  // For any byte: whether a character that ends words (kSpace, kIsolated, kChinese) starts with it.
  bool may_end_word(unsigned char byte) const { return word_enders_[byte]; }

 private:
  static constexpr char32_t kItself = 0xFFFFFF;
  std::uint32_t pack(char32_t scalar, const std::vector<Symbol>& symbols);
  void note_word_enders(const std::vector<std::uint32_t>& cells);
  void share_pages(const std::vector<std::uint32_t>& cells);

  std::vector<std::uint32_t> cells_;  // value << 8 | kind
  std::vector<std::uint32_t> pages_;  // [0x1100], offsets into cells_
  std::vector<Symbol> sequences_;     // laid end to end
  std::array<SymbolKind, 128> ascii_kinds_{};
  std::array<char, 128> ascii_values_{};
  std::array<char, 256> ascii_letters_{};
  std::array<bool, 256> ascii_blanks_{};
  std::array<bool, 256> word_enders_{};
};

// The scalar at the start of `text` (not empty) and its bytes. Bytes that are no valid UTF-8 are
// never read past the end and come out as some scalar value.
struct DecodedScalar {
  char32_t scalar;
  std::size_t size_bytes;
};
DecodedScalar decode_scalar_slowly(std::string_view text);  // any bytes

inline DecodedScalar decode_scalar(std::string_view text) {
  const auto byte = [&](std::size_t i) -> char32_t { return static_cast<unsigned char>(text[i]); };
  if (text.size() >= 2 && byte(0) >= 0xC0 && byte(0) < 0xE0) {
    return {(byte(0) & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  }
  if (text.size() >= 3 && byte(0) > 0xE0 && byte(0) < 0xED) {
    return {(byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  }
  if (text.size() >= 4 && byte(0) == 0xF0 && byte(1) >= 0x90 && byte(1) < 0xC0) {
    return {(byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
  }
  return decode_scalar_slowly(text);
}

// The normalizer alone: what the reference's normalize_str returns for `text`.
std::string normalized_text(const CharTable& table, std::string_view text);

}  // namespace rr::text
