"""Writes tests/golden/tokenizer/expected.tsv: what `tokenizers` makes of all golden texts, as digests.

A digest is the first 32 hex digits of SHA-256 over, per text, little-endian 32-bit numbers: count and
input_ids; for pairs also token_type_ids and 1 if a token was cut. Takes about ten minutes.
"""

import hashlib
import json
import struct

from tokenizers import Tokenizer

from variants import EVAL, GOLDEN, NORMALIZERS, make, vocabulary

VOCAB = vocabulary()
ROWS = []
MAX_LENGTHS = [3, 4, 5, 6, 7, 8, 12, 16, 17, 31, 64, 127, 128, 256, 511, 512]
CAPS = [(0, 0), (3, 0), (0, 5), (7, 40), (64, 64)]
EVAL_SETS = ["medquad-liveqa", "scifact", "squad-dev", "xquad-de", "xquad-en", "xquad-es", "xquad-zh"]


class Digest:
    def __init__(self, case):
        self.case, self.sha, self.count = case, hashlib.sha256(), 0

    def add(self, *numbers):
        self.sha.update(struct.pack(f"<{len(numbers)}I", *numbers))

    def add_ids(self, ids):
        self.add(len(ids), *ids)
        self.count += 1

    def done(self):
        ROWS.append(f"{self.case}\t{self.count}\t{self.sha.hexdigest()[:32]}")
        print(ROWS[-1], flush=True)


def texts_case(case, tokenizer, texts, chunk=4096):
    digest, batch = Digest(case), []
    for text in texts:
        batch.append(text)
        if len(batch) == chunk:
            for encoding in tokenizer.encode_batch_fast(batch):
                digest.add_ids(encoding.ids)
            batch = []
    for encoding in tokenizer.encode_batch_fast(batch):
        digest.add_ids(encoding.ids)
    digest.done()


def scalars():
    return (chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)


def hostile():
    for line in (GOLDEN / "hostile.jsonl").open(encoding="ascii"):
        row = json.loads(line)
        if isinstance(row, str):
            yield row
        else:
            yield row["before"] + row["repeat"] * row["times"] + row["after"]


def jsonl(path):
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def documents(name):
    return [row["title"] + " " + row["text"] for row in jsonl(EVAL / name / "corpus.jsonl")]


def queries(name):
    return [row["text"] for row in jsonl(EVAL / name / "queries.jsonl")]


class Side:
    """A text's tokens, and how many of them the library counts before it stops looking."""

    def __init__(self, tokenizer, text):
        encoding = tokenizer.encode(text, add_special_tokens=False)
        self.ids, self.words = encoding.ids, encoding.word_ids
        self.special = set(VOCAB[x] for x in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"))
        self.special.discard(VOCAB["[UNK]"])

    def counted(self, limit, side):
        n = len(self.ids)
        order = range(n) if side == "right" else range(n - 1, -1, -1)
        total = 0
        previous = None
        for i in order:
            if previous is not None and self.words[i] != self.words[previous]:
                if total >= limit and self.ids[previous] not in self.special:
                    return total
            total += 1
            previous = i
        return total

    def kept(self, n, side):
        return self.ids[:n] if side == "right" else self.ids[len(self.ids) - n :]


def expected_pair(query, document, max_length, side, caps):
    room = max_length - 3
    n1, n2 = query.counted(max_length, side), document.counted(max_length, side)
    n1, n2 = min(n1, caps[0] or n1), min(n2, caps[1] or n2)
    if n1 + n2 > room:
        short, long = min(n1, n2), room - min(min(n1, n2), room)
        if short > long:
            short, long = room // 2, room - room // 2
        n1, n2 = (long, short) if n1 > n2 else (short, long)
    cls, sep = VOCAB["[CLS]"], VOCAB["[SEP]"]
    ids = [cls, *query.kept(n1, side), sep, *document.kept(n2, side), sep]
    types = [0] * (n1 + 2) + [1] * (n2 + 1)
    truncated = n1 < len(query.ids) or n2 < len(document.ids)
    return ids, types, truncated


def pairs_case(case, pairs, every_length):
    """Pair i takes a max_length, a side and caps in turn (or all lengths and sides), so that all
    combinations come up."""
    tokenizer, plain = make("uncased", VOCAB), make("uncased", VOCAB)
    digest = Digest(case)
    step = 0
    for query, document in pairs:
        first, second = Side(plain, query), Side(plain, document)
        for _ in range(len(MAX_LENGTHS) * 2 if every_length else 1):
            max_length = MAX_LENGTHS[step % len(MAX_LENGTHS)]
            side = ("right", "left")[step // len(MAX_LENGTHS) % 2]
            caps = CAPS[step // 3 % len(CAPS)]
            step += 1
            ids, types, truncated = expected_pair(first, second, max_length, side, caps)
            if caps == (0, 0):
                tokenizer.enable_truncation(max_length, strategy="longest_first", direction=side)
                real = tokenizer.encode(query, document)
                assert (real.ids, real.type_ids) == (ids, types), (max_length, side, query, document)
            digest.add_ids(ids)
            digest.add(*types, int(truncated))
    digest.done()


def main():
    names = list(NORMALIZERS)
    for name in names:
        tokenizer = make(name, VOCAB)
        texts_case(f"scalars_alone/{name}", tokenizer, scalars())
        texts_case(f"scalars_between/{name}", tokenizer, ("a" + c + "b" for c in scalars()))
    word = make("uncased+added", VOCAB)
    texts_case("scalars_before_word/uncased+added", word, (c + "<word>" for c in scalars()))
    texts_case("scalars_after_word/uncased+added", word, ("<word>" + c for c in scalars()))
    for name in names + ["uncased+added", "cased+added", "nothing+added"]:
        texts_case(f"hostile/{name}", make(name, VOCAB), hostile(), chunk=1)
    all_hostile = list(hostile())
    neighbours = list(zip(all_hostile, all_hostile[1:])) + [(x, x) for x in all_hostile[-12:]]
    pairs_case("hostile_pairs", neighbours, every_length=True)
    for name in EVAL_SETS:
        docs, asked = documents(name), queries(name)
        for variant in ("uncased", "cased", "uncased+added"):
            texts_case(f"eval/{name}/{variant}", make(variant, VOCAB), docs + asked)
        pairs = [(query, docs[i * 7 % len(docs)]) for i, query in enumerate(asked)]
        pairs += [(docs[i], docs[(i * 5 + 1) % len(docs)]) for i in range(0, len(docs), 3)]
        pairs_case(f"eval_pairs/{name}", pairs, every_length=False)
    (GOLDEN / "expected.tsv").write_text("\n".join(ROWS) + "\n")


main()
