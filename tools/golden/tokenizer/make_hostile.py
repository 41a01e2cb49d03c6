"""Writes tests/golden/tokenizer/hostile.jsonl: texts that tokenizers get wrong.

A line is a JSON string, or {"repeat": text, "times": n} with what stands before and after it.
"""

import json
import random

from variants import ADDED_TOKENS, GOLDEN, SPECIAL

HAND_WRITTEN = [
    "",
    " ",
    "\0",
    "a\0b",
    "\t\n\r\x0b\x0c\x1c\x85\xa0\u2028\u3000",
    "a\x0bb c\x0cd e\x85f g\u200bh i\u00adj k\ufeffl m\ufffdn",
    "İstanbul ıI İ̇ ΑΣ ΟΔΟΣ ὈΔΥΣΣΕΎΣ ǅ Ǆ ß ẞ Straße STRASSE ﬁ ﬀ Ω Ω Å Å K",
    "e\u0301 \u00e9 e\u0323\u0301 e\u0301\u0323 \u1e69 s\u0323\u0307 s\u0307\u0323 \u0344 \u0f73\u0f71",
    "\u0301 \u0301\u0301 a\u0301 \u0301a",
    "\u1100\u1161\u11a8 각 가 갂 힣 한국어 대한민국",
    "≠ ≮ ≯ \u037e \u1fef \u0387 \u2000 \u2001 \u212a \u2126 a\u0338= =\u0338 <\u0338",
    "豈更車 \u2f800 𠀀 𪜀 𫝀 𫠠 𬺰 㐀 龥 々 〆 ぁ ァ か\u3099 が",
    "中文abc中文 abc中 中abc 中\u0301文 \u0301中",
    "👨‍👩‍👧‍👦 👩🏽‍🚀 🇩🇪🇫🇷 1️⃣ ❤️ ☺︎ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏿👍",
    "\ue000\uf8ff \U000f0000 \U0010fffd \U0010ffff \ufdd0 \uffff \u0378",
    "\U0001d165\U0001d15e \U0001d16d\U0001d165 \U0001d15f\U0001d16e a\U0001d16d\u034f\U0001d165",
    "a\U0001d16d\u0301\U0001d165 a\U0001d16d\u200d\U0001d165 \u302f\u302e \u302a\u302f\u0316",
    "[CLS] [SEP] [PAD] [MASK] [UNK] [cls] [ SEP ] [[SEP]] a[SEP]b [SEP][SEP] ##a ##ing #",
    "[CLS[SEP]] [SE[SEP]P] [SEP [SEP\u200b] [\u0301SEP] \uff3bSEP\uff3d",
    "<raw> <raw>x <raw>xy <RAW> a<word>b a <word> b <word>, _<word> \u0301<word> <word>\u200d",
    "x  <strip>  y<strip> \u3000<strip>\x85z <strip><strip>",
    "STRASSE straße Straße Strasse stra\u00dfe été Été ETE eté aété été, new  york NEW  YORK new york",
    "new \u200b york new  \u0301york 中文 中 文 [E1] [e1] [E1",
    "x" * 99 + " " + "x" * 100 + " " + "x" * 101 + " " + "é" * 100 + " " + "e\u0301" * 101,
    "ё" * 100 + " " + "ё" * 101 + " " + "가" * 33 + " " + "각" * 34 + " " + "\u0344" * 120 + "a",
    "x" * 200 + "[SEP]" + "x" * 200 + "," + "x" * 100 + "中" + "y" * 101,
    "don't stop-believing it's 3.14159, 1e-5; C++/C# user@example.com https://a.b/c?d=e&f=g#h",
    "a" * 50 + "\u0301" * 200 + "b" * 50 + " c",
    "q\u0334\u0335\u0336\u0301\u0316\u0345\u0300 " * 3,
    "\u0301" * 300 + "x",
    "\u202eRTL\u202c \u2066iso\u2069 \u061c العربية עברית हिन्दी தமிழ் ไทย ខ្មែរ မြန်မာ",
]
REPEATED = [
    {"before": "", "repeat": "a", "times": 1_000_000, "after": ""},
    {"before": "start ", "repeat": "ab", "times": 500_000, "after": " end"},
    {"before": "x ", "repeat": "é", "times": 300_000, "after": ",y"},
    {"before": "x", "repeat": "\u200b", "times": 100_000, "after": "y z"},
    {"before": "x ", "repeat": " ", "times": 300_000, "after": " y"},
    {"before": "", "repeat": "[SEP]", "times": 5_000, "after": "x"},
    {"before": "", "repeat": "a[SEP] b ", "times": 2_000, "after": ""},
    {"before": "", "repeat": "中", "times": 20_000, "after": ""},
    {"before": "", "repeat": "!", "times": 20_000, "after": ""},
    {"before": "", "repeat": "unbelievable ", "times": 3_000, "after": ""},
    {"before": "a", "repeat": "\u0301", "times": 100_000, "after": "b"},
    {"before": "a", "repeat": "\U0001d16d\U0001d165", "times": 200, "after": "b"},
]
POOLS = [
    list("abcdefgheistrnoABZ019"),
    list(" \t\n\r\x0b\x0c\x1f\x85\xa0\u2003\u2028\u3000"),
    list("\0\x01\x7f\xad\u200b\u200d\u2060\ufeff\ufffd\ue000\U000e0020"),
    list(".,!?[]()<>'\"-_/#@$%^&*+=|~`\u2019\u3001\u061f\u0964"),
    list("éÉÅåßẞñÑøØçÇőŰİıǅΣσςΆώЁйѐ"),
    list("\u0300\u0301\u0316\u0323\u0327\u0334\u0345\u034f\u0338\u0488\u064b\u0670\u0e38\u0f71\u0f72"),
    list("\u302e\u302f\U0001d165\U0001d16d\U0001d16e\u0903\u09be\u1925\U00016ff0"),
    list("中文字龥豈㐀\U00020000\U0002f800々かが\u3099カ"),
    list("각가힣\u1100\u1161\u11a8"),
    list("😀👍🏽❤\ufe0f🇩🇪\U0001f9d1\u20e3"),
    SPECIAL + [token["content"] for token in ADDED_TOKENS],
]


def main():
    rng = random.Random(20240711)
    texts = list(HAND_WRITTEN)
    for length in [3, 6, 12, 40, 120]:
        for _ in range(60):
            pools = rng.sample(POOLS, rng.randint(1, 4)) + [POOLS[0]]
            texts.append("".join(rng.choice(rng.choice(pools)) for _ in range(length)))
    lines = [json.dumps(text) for text in texts] + [json.dumps(row) for row in REPEATED]
    (GOLDEN / "hostile.jsonl").write_text("\n".join(lines) + "\n", encoding="ascii")


main()
