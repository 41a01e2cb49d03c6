"""The tokenizers that golden data is made for: one vocabulary, several settings.

src/text/wordpiece_golden_test.cpp builds the same ones in C++.
"""

import json
import pathlib

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).parents[3]
GOLDEN = ROOT / "tests/golden/tokenizer"
EVAL = ROOT.parent / "shared/data/eval"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

# name: clean_text, handle_chinese_chars, strip_accents, lowercase
NORMALIZERS = {
    "uncased": (True, True, None, True),
    "cased": (True, True, None, False),
    "lowercase_only": (True, True, False, True),
    "strip_only": (True, False, True, False),
    "nothing": (False, False, False, False),
    "all_but_clean": (False, True, True, True),
}


def vocabulary():
    lines = (GOLDEN / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    return {token: index for index, token in enumerate(lines)}


def added(content, index, **flags):
    token = {
        "id": index,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    return {**token, **flags}


def special_tokens(vocab):
    return [added(content, vocab[content]) for content in SPECIAL]


def tokenizer_json(normalizer, added_tokens, vocab):
    clean, chinese, strip, lower = normalizer
    piece = lambda name, type_id: {"SpecialToken": {"id": name, "type_id": type_id}}
    sequence = lambda name, type_id: {"Sequence": {"id": name, "type_id": type_id}}
    single = [piece("[CLS]", 0), sequence("A", 0), piece("[SEP]", 0)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": clean,
            "handle_chinese_chars": chinese,
            "strip_accents": strip,
            "lowercase": lower,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single + [sequence("B", 1), piece("[SEP]", 1)],
            "special_tokens": {
                name: {"id": name, "ids": [vocab[name]], "tokens": [name]}
                for name in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }


# Every flag of an added token, raw and normalized, overlapping and nested ones; ids are given out.
ADDED_TOKENS = [
    added("<raw>", 0, special=False),
    added("<raw>x", 0, special=False),
    added("<word>", 0, special=False, single_word=True),
    added("<strip>", 0, special=False, lstrip=True, rstrip=True),
    added("Straße", 0, special=False, normalized=True),
    added("Été", 0, special=False, normalized=True, single_word=True),
    added("new  york", 0, special=False, normalized=True, lstrip=True, rstrip=True),
    added("中文", 0, special=False, normalized=True),
    added("[E1]", 0, special=True, normalized=True),
]


def make(name, vocab):
    """A tokenizer by the name used in expected.tsv; `…+added` has ADDED_TOKENS too."""
    base, _, extra = name.partition("+")
    tokens = special_tokens(vocab) + (ADDED_TOKENS if extra == "added" else [])
    text = json.dumps(tokenizer_json(NORMALIZERS[base], tokens, vocab))
    return Tokenizer.from_str(text)
