"""Asks the pinned `tokenizers` library about every Unicode scalar value and writes
src/text/unicode_tables.cpp and src/text/unicode_decomposition.cpp.

Nothing here comes from a Unicode database: each table is what the library does with the character.
Run: python make_unicode_tables.py [repository root]; about two minutes.
"""

import pathlib
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[3])
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)


def bert(clean=False, cjk=False, strip=False, lower=False):
    return normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=cjk, strip_accents=strip, lowercase=lower
    ).normalize_str


def ranges_of(scalars):
    out = []
    for c in scalars:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def classify():
    """The sets that are plain yes or no per character."""
    clean, cjk, strip = bert(clean=True), bert(cjk=True), bert(strip=True)
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    removed, white, chinese, punctuation, pre_white = [], [], [], [], []
    for c in SCALARS:
        text = "a" + chr(c) + "b"
        cleaned = clean(text)
        if cleaned == "ab":
            removed.append(c)
        elif cleaned == "a b":
            white.append(c)
        else:
            assert cleaned == text, hex(c)
        spaced = cjk(text)
        if spaced != text:
            assert spaced == "a " + chr(c) + " b", hex(c)
            chinese.append(c)
        pieces = [piece for piece, _ in split(text)]
        if pieces == ["a", "b"]:
            pre_white.append(c)
        elif len(pieces) == 3:
            punctuation.append(c)
        else:
            assert pieces == [text], hex(c)
    # clean_text drops the control characters among the white ones before it looks for white space.
    assert set(white) <= set(pre_white) and set(pre_white) - set(white) <= set(removed)
    return removed, pre_white, chinese, punctuation, strip


def word_characters():
    """`\\w` as the added vocabulary sees it: single_word tokens do not match beside these."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "<t>": 1}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("<t>", single_word=True, normalized=False)])
    words = []
    for c in SCALARS:
        left = 1 not in tokenizer.encode(chr(c) + "<t>", add_special_tokens=False).ids
        right = 1 not in tokenizer.encode("<t>" + chr(c), add_special_tokens=False).ids
        assert left == right, hex(c)
        if left:
            words.append(c)
    return words


def decompositions(strip):
    nfd = normalizers.NFD().normalize_str
    table, marks = {}, []
    for c in SCALARS:
        full = nfd(chr(c))
        if full == chr(c):
            if strip(chr(c)) == "":
                marks.append(c)
        elif c in HANGUL:
            index = c - 0xAC00
            parts = [0x1100 + index // 588, 0x1161 + index % 588 // 28, 0x11A7 + index % 28]
            assert full == "".join(map(chr, parts[: 2 if index % 28 == 0 else 3])), hex(c)
        else:
            table[c] = [ord(x) for x in full]
    mark_set = set(marks)
    for c, parts in table.items():
        kept = "".join(chr(x) for x in parts if x not in mark_set)
        assert strip(chr(c)) == kept, hex(c)
        assert all(nfd(chr(x)) == chr(x) for x in parts), hex(c)
    return table, marks


def combining_classes(table):
    """Canonical combining classes, up to renumbering: characters that the library reorders are
    compared with each other, and numbered 1, 2, 3 in that order. 0 = never moves."""
    nfd = normalizers.NFD().normalize_str
    low, high = "\u0334", "\u0345"  # the lowest and the highest class there is

    def swapped(a, b):  # does class(a) > class(b) > 0 hold?
        return nfd(chr(a) + chr(b)) == chr(b) + chr(a) and a != b

    movable = [
        c
        for c in SCALARS
        if c not in table
        and c not in HANGUL
        and (swapped(c, ord(low)) or swapped(ord(high), c) or chr(c) in (low, high))
    ]
    representatives = []  # ascending
    members = {}
    for c in movable:
        place = 0
        while place < len(representatives) and swapped(c, representatives[place]):
            place += 1
        if place < len(representatives) and not swapped(representatives[place], c):
            members[representatives[place]].append(c)
        else:
            representatives.insert(place, c)
            members[c] = [c]
    return {c: 1 + i for i, r in enumerate(representatives) for c in members[r]}


def lower_case():
    lower = bert(lower=True)
    table = {c: [ord(x) for x in lower(chr(c))] for c in SCALARS if lower(chr(c)) != chr(c)}
    # A letter's lower case never depends on its neighbours (no final sigma).
    assert lower("\u039f\u03a3") == lower("\u039f") + lower("\u03a3")
    runs = []  # first, last, stride, delta
    for c, to in sorted(table.items()):
        if len(to) != 1:
            continue
        delta = to[0] - c
        if runs:
            first, last, stride, run_delta = runs[-1]
            step = c - last
            if delta == run_delta and step in (1, 2) and (stride == step or first == last):
                runs[-1] = [first, c, step, run_delta]
                continue
        runs.append([c, c, 1, delta])
    special = {c: to for c, to in table.items() if len(to) != 1}
    return runs, special


def dense(values):
    lines, line = [], " "
    for value in values:
        if len(line) + len(value) + 2 > 100:
            lines.append(line)
            line = " "
        line += " " + value + ","
    return "\n".join(lines + [line])


def range_table(name, scalars):
    flat = [f"{{0x{a:X}, 0x{b:X}}}" for a, b in ranges_of(sorted(scalars))]
    return f"constexpr ScalarRange {name}[] = {{\n{dense(flat)}\n}};\n"


HEADER = f"""// Generated by tools/golden/tokenizer/make_unicode_tables.py from tokenizers {tokenizers.__version__};
// do not edit. clang-format off
#include "text/unicode_tables.h"

namespace rr::text {{
namespace {{

"""


def accessor(kind, name, constant):
    return f"std::span<const {kind}> {name}() {{ return {constant}; }}\n"


def main():
    removed, white, chinese, punctuation, strip = classify()
    table, marks = decompositions(strip)
    classes = combining_classes(table)
    runs, special = lower_case()
    words = word_characters()

    sets = {
        "removed_by_clean_text": ("kRemovedByCleanText", removed),
        "white_space": ("kWhiteSpace", white),
        "chinese": ("kChinese", chinese),
        "punctuation": ("kPunctuation", punctuation),
        "nonspacing_marks": ("kNonspacingMarks", marks),
        "word_characters": ("kWordCharacters", words),
    }
    text = HEADER
    for constant, scalars in sets.values():
        text += range_table(constant, scalars) + "\n"
    flat = [f"{{0x{a:X}, 0x{b:X}, {s}, {d}}}" for a, b, s, d in runs]
    text += f"constexpr LowerCaseRun kLowerCaseRuns[] = {{\n{dense(flat)}\n}};\n\n"
    flat = [str(x) for c, to in sorted(special.items()) for x in [c, *to, 0]]
    text += f"constexpr std::uint32_t kLowerCaseExpansions[] = {{\n{dense(flat)}\n}};\n\n"
    text += "}  // namespace\n\n"
    for name, (constant, _) in sets.items():
        text += accessor("ScalarRange", name, constant)
    text += accessor("LowerCaseRun", "lower_case_runs", "kLowerCaseRuns")
    text += accessor("std::uint32_t", "lower_case_expansions", "kLowerCaseExpansions")
    text += "\n}  // namespace rr::text\n"
    (ROOT / "src/text/unicode_tables.cpp").write_text(text)

    text = HEADER
    by_class = []  # runs of equal class
    for c, k in sorted(classes.items()):
        if by_class and by_class[-1][1] == c - 1 and by_class[-1][2] == k:
            by_class[-1][1] = c
        else:
            by_class.append([c, c, k])
    flat = [f"{{0x{a:X}, 0x{b:X}, {k}}}" for a, b, k in by_class]
    text += f"constexpr CombiningRange kCombiningRanges[] = {{\n{dense(flat)}\n}};\n\n"
    flat = [str(x) for c, to in sorted(table.items()) for x in [c, *to, 0]]
    text += f"constexpr std::uint32_t kDecompositions[] = {{\n{dense(flat)}\n}};\n\n"
    text += "}  // namespace\n\n"
    text += accessor("CombiningRange", "combining_ranges", "kCombiningRanges")
    text += accessor("std::uint32_t", "decompositions", "kDecompositions")
    text += "\n}  // namespace rr::text\n"
    (ROOT / "src/text/unicode_decomposition.cpp").write_text(text)


main()
