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

# Pairs drawn per shard family at --sample 1: questions, health and science count most; the weak
# supervision of cloze pairs and the narrow sources count less than they could.
QUOTA = {
    "squad": 26000, "wikipedia-section": 12000, "medquad": 7000, "scitldr": 5000,
    "arxiv-abstracts": 6000, "pubmedqa": 2987, "wikipedia-lead": 4000, "wikipedia-cloze": 4000,
    "tldr-pages": 2500, "conditionalqa": 2342, "freecodecamp-guide": 3000, "va-gov": 3000,
    "powershell-docs": 2000, "sourcegraph-handbook": 2500, "arduino-help": 1239, "policyqa": 800,
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


def draw(families, sample, dev_share, rows_max, rng):
    """Returns (training, development) lists of (query, passage, family)."""
    training, development = [], []
    for family, pairs in sorted(families.items()):
        count = max(20, int(QUOTA.get(family, 1000) * sample))
        chosen = rng.sample(pairs, min(count, len(pairs)))
        dev_count = max(2, int(len(chosen) * dev_share))
        development += [(*pair, family) for pair in chosen[:dev_count]]
        training += [(*pair, family) for pair in chosen[dev_count:]]
    dev_queries = {normalized(query) for query, _, _ in development}
    dev_shingles = {s for _, passage, _ in development for s in shingles(passage)}
    training = [
        pair for pair in training
        if normalized(pair[0]) not in dev_queries and dev_shingles.isdisjoint(shingles(pair[1]))
    ]
    rng.shuffle(training)
    rng.shuffle(development)
    return training[:rows_max], development


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
    options.add_argument("--dev-share", type=float, default=0.025)
    args = options.parse_args()
    log = start(args, "prepare")
    rng = random.Random(args.seed)
    families = read_pairs(args.data)
    training, development = draw(families, args.sample, args.dev_share, args.rows_max, rng)
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
