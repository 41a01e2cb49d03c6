"""Everyday queries whose order anyone can judge: `python everyday.py --model FOLDER`.

Each list of the file, which a test of the service reads too, is ordered: the first document must come first; the last is unrelated and must be last.
"""

import argparse
import json
import sys
from pathlib import Path

import packed
from common import device
from pairs import PairTokenizer, score
from workers import Workers

FILE = Path(__file__).parents[2] / "tests/golden/builtin/everyday.json"
EVERYDAY = [(one["query"], one["documents"]) for one in json.loads(FILE.read_text())]

PINNED = [(query, document) for query, documents in EVERYDAY[:2] for document in documents] + [
    (EVERYDAY[4][0], EVERYDAY[4][1][0]), (EVERYDAY[9][0], " ".join(EVERYDAY[9][1] * 12))]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--seed", type=int, default=7, help="accepted as by every stage; unused")
    args = options.parse_args()
    model, _ = packed.load(args.model, device())
    workers = Workers(1)
    tokenizer = PairTokenizer(args.model)
    wrong = 0
    for query, documents in EVERYDAY:
        query_ids, document_ids = tokenizer.ids([query])[0], tokenizer.ids(documents)
        pairs = [tokenizer.pair(query_ids, ids, 512) for ids in document_ids]
        logits = score(model, pairs, workers)
        fine = logits[0] == logits.max() and logits[-1] == logits.min()
        wrong += not fine
        print("ok   " if fine else "WRONG", query, [round(float(x), 2) for x in logits])
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
