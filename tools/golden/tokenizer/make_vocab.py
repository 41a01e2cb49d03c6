"""Writes tests/golden/tokenizer/vocab.txt: the vocabulary of the golden tests.

It tells characters apart: every character that normalization makes out of another one is an entry,
alone and as a continuation, so that a wrong mapping cannot hide behind [UNK]. The rest is trained on
the evaluation texts. Run only to change the vocabulary; everything else must be remade after it.
"""

import json

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from variants import EVAL, GOLDEN, SPECIAL

TRAINED = 9000


def texts():
    for path in sorted(EVAL.glob("*/corpus.jsonl")):
        for line in path.open(encoding="utf-8"):
            row = json.loads(line)
            yield row["title"] + " " + row["text"]


def produced():
    normal = [
        normalizers.BertNormalizer(True, True, strip, lower).normalize_str
        for strip in (False, True)
        for lower in (False, True)
    ] + [normalizers.NFD().normalize_str]
    out = set(map(chr, range(33, 127)))
    for c in range(0x110000):
        if 0xD800 <= c <= 0xDFFF or 0xAC00 <= c <= 0xD7A3:
            continue
        for normalize in normal:
            made = normalize(chr(c)).strip()
            if made != chr(c):
                out.update(made)
    out.update(chr(x) for x in range(0x1100, 0x1113))
    out.update(chr(x) for x in range(0x1161, 0x1176))
    out.update(chr(x) for x in range(0x11A8, 0x11C3))
    return sorted(x for x in out if not x.isspace())


def main():
    trainer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trainer.normalizer = normalizers.BertNormalizer(True, True, False, False)
    trainer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    lower = normalizers.BertNormalizer(True, True, True, True).normalize_str
    corpus = [x for text in texts() for x in (text, lower(text))]
    trainer.train_from_iterator(
        corpus, trainers.WordPieceTrainer(vocab_size=TRAINED, special_tokens=SPECIAL)
    )
    trained = sorted(trainer.get_vocab().items(), key=lambda item: item[1])
    tokens = dict.fromkeys(token for token, _ in trained)
    for character in produced():
        tokens.setdefault(character)
        tokens.setdefault("##" + character)
    path = GOLDEN / "vocab.txt"
    path.write_text("\n".join(tokens) + "\n", encoding="utf-8")
    print(len(tokens), path.stat().st_size)


main()
