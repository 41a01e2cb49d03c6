"""Stage 1: reads the raw pairs, draws the training sample and splits off the development set.

Writes passages.jsonl ({"text","source"}; the line number is the passage id), train.jsonl and
dev.jsonl ({"query","source","positive","same_query":[passage ids]}), and corpus.txt (all text).
A development passage shares no 8-word sequence with any training passage.
"""

import gzip
import json
import random
from collections import defaultdict
from pathlib import Path

from common import parser, start, write_atomically, write_json_lines
from text import normalized, shingles

# Pairs drawn per shard family at --sample 1: questions, claims, health and science count most; the
# weak supervision of cloze pairs and headings and the narrow sources count less than they could.
QUOTA = {
    "squad": 12000, "wikipedia-section": 4500, "medquad": 5000, "scitldr": 5000,
    "arxiv-abstracts": 5000, "pubmedqa": 2987, "wikipedia-lead": 2500, "wikipedia-cloze": 2500,
    "tldr-pages": 1200, "conditionalqa": 1200, "freecodecamp-guide": 1200, "va-gov": 1200,
    "powershell-docs": 800, "sourcegraph-handbook": 800, "arduino-help": 600, "policyqa": 200,
}
# The development split is the same whatever is drawn for training, so that weights may be trained
# on by another run and neither has seen it: this share of so many pairs drawn with this seed.
DEV_SEED, DEV_SHARE = 7, 0.04
DEV_QUOTA = {
    "squad": 17000, "wikipedia-section": 9000, "medquad": 5000, "scitldr": 4000,
    "arxiv-abstracts": 3500, "pubmedqa": 2987, "wikipedia-lead": 3000, "wikipedia-cloze": 3000,
    "tldr-pages": 2000, "conditionalqa": 2000, "freecodecamp-guide": 1800, "va-gov": 1800,
    "powershell-docs": 1200, "sourcegraph-handbook": 1200, "arduino-help": 800, "policyqa": 600,
}


def read_pairs(folder):
    """All pairs by shard family: name -> [(query, passage)]."""
    families = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl.gz")):
        family = path.name.removesuffix(".jsonl.gz").rstrip("0123456789").rstrip("-")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                families[family].append((row["query"], row["passage"]))
    return families


def drawn(families, quota, sample, rng):
    """[(family, [(query, passage)])], each family's pairs in random order."""
    return [(family, rng.sample(pairs, min(len(pairs), max(20, int(quota.get(family, 1000) * sample)))))
            for family, pairs in sorted(families.items())]


def development_split(families):
    """[(query, passage, family)] in random order."""
    rng = random.Random(DEV_SEED)
    result = [(*pair, family) for family, pairs in drawn(families, DEV_QUOTA, 1.0, rng)
              for pair in pairs[:max(2, int(len(pairs) * DEV_SHARE))]]
    rng.shuffle(result)
    return result


def training_sample(families, sample, development, rng):
    """[(query, passage, family)] that shares no query and no passage with the development split."""
    dev_queries = {normalized(query) for query, _, _ in development}
    dev_shingles = {s for _, passage, _ in development for s in shingles(passage)}
    result = [
        (query, passage, family) for family, pairs in drawn(families, QUOTA, sample, rng)
        for query, passage in pairs
        if normalized(query) not in dev_queries and dev_shingles.isdisjoint(shingles(passage))
    ]
    rng.shuffle(result)
    return result


def number_passages(pairs, passage_ids, passages):
    rows = []
    for query, passage, family in pairs:
        if passage not in passage_ids:
            passage_ids[passage] = len(passages)
            passages.append({"text": passage, "source": family})
        rows.append({"query": query, "source": family, "positive": passage_ids[passage]})
    return rows


def add_same_query(rows):
    """Passages of an equal query are no negatives for each other."""
    by_query = defaultdict(set)
    for row in rows:
        by_query[normalized(row["query"])].add(row["positive"])
    for row in rows:
        row["same_query"] = sorted(by_query[normalized(row["query"])])


def main():
    options = parser(__doc__)
    options.add_argument("--data", required=True, type=Path,
                         help="folder of the *.jsonl.gz shards")
    options.add_argument("--sample", type=float, default=1.0, help="share of the pair quotas drawn")
    options.add_argument("--rows-max", type=int, help="training pairs kept of those drawn")
    options.add_argument("--dev-max", type=int, help="development pairs written of the split")
    args = options.parse_args()
    log = start(args, "prepare")
    rng = random.Random(args.seed)
    families = read_pairs(args.data)
    development = development_split(families)
    training = training_sample(families, args.sample, development, rng)[:args.rows_max]
    development = development[:args.dev_max]
    passage_ids, passages = {}, []
    train_rows = number_passages(training, passage_ids, passages)
    dev_rows = number_passages(development, passage_ids, passages)
    add_same_query(train_rows + dev_rows)
    write_json_lines(args.work / "passages.jsonl", passages)
    write_json_lines(args.work / "train.jsonl", train_rows)
    write_json_lines(args.work / "dev.jsonl", dev_rows)

    def write_corpus(path):
        with open(path, "w", encoding="utf-8") as file:
            for pairs in families.values():
                limit = len(pairs) if args.sample >= 1 else max(100, int(len(pairs) * args.sample))
                for query, passage in pairs[:limit]:
                    file.write(f"{query}\t{passage}\n".replace("\r", " "))

    write_atomically(args.work / "corpus.txt", write_corpus)
    log.info("%d training pairs, %d development pairs, %d passages",
             len(train_rows), len(dev_rows), len(passages))


if __name__ == "__main__":
    main()
