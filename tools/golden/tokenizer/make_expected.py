"""Writes tests/golden/tokenizer/expected.tsv: what `tokenizers` makes of all golden texts, as digests.

A digest is the first 32 hex digits of SHA-256 over, per text, little-endian 32-bit numbers: count and
input_ids; for pairs also token_type_ids and 1 if a token was cut. Takes about ten minutes.
"""

import hashlib
import json
import struct
import sys

from variants import EVAL, GOLDEN, NORMALIZERS, make, vocabulary

VOCAB = vocabulary()
EXPECTED = GOLDEN / "expected.tsv"
WANTED = tuple(sys.argv[1:]) or ("",)
ROWS = []
LONG_CHARS = 5_000
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


def texts_case(case, name, texts, chunk=4096):
    if not case.startswith(WANTED):
        return
    tokenizer, digest, batch = make(name, VOCAB), Digest(case), []
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
    def __init__(self, tokenizer, text):
        self.ids = tokenizer.encode(text, add_special_tokens=False).ids

    def kept(self, n, side):
        return self.ids[:n] if side == "right" else self.ids[len(self.ids) - n :]


def expected_pair(query, document, max_length, side, caps):
    room = max_length - 3
    n1, n2 = len(query.ids), len(document.ids)
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
    if not case.startswith(WANTED):
        return
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
        texts_case(f"scalars_alone/{name}", name, scalars())
        texts_case(f"scalars_between/{name}", name, ("a" + c + "b" for c in scalars()))
    word = "uncased+added"
    texts_case(f"scalars_before_word/{word}", word, (c + "<word>" for c in scalars()))
    texts_case(f"scalars_after_word/{word}", word, ("<word>" + c for c in scalars()))
    for name in names + ["uncased+added", "cased+added", "nothing+added"]:
        texts_case(f"hostile/{name}", name, hostile(), chunk=1)
    all_hostile = list(hostile())
    short = [x for x in all_hostile if len(x) < LONG_CHARS]
    pairs_case("hostile_pairs", list(zip(short, short[1:])), every_length=True)
    long = [x for x in all_hostile if len(x) >= LONG_CHARS]
    pairs_case("hostile_long_pairs", [(x, y) for x in short[-3:] for y in long], every_length=False)
    for set_name in EVAL_SETS:
        docs, asked = documents(set_name), queries(set_name)
        for name in ("uncased", "cased", "uncased+added"):
            texts_case(f"eval/{set_name}/{name}", name, docs + asked)
        pairs = [(query, docs[i * 7 % len(docs)]) for i, query in enumerate(asked)]
        pairs += [(docs[i], docs[(i * 5 + 1) % len(docs)]) for i in range(0, len(docs), 3)]
        pairs_case(f"eval_pairs/{set_name}", pairs, every_length=False)
    made = {row.split("\t")[0]: row for row in ROWS}
    if EXPECTED.exists():
        for row in EXPECTED.read_text().splitlines():
            made.setdefault(row.split("\t")[0], row)
    EXPECTED.write_text("\n".join(sorted(made.values())) + "\n")


main()
