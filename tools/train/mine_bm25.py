"""Stage 3a: the best passages of BM25 for every training and development query.

Left out: the query's own passages and passages that share an 8-word sequence with the positive.
Writes bm25_{train,dev}.npz: ids [queries, --kept] (-1 where missing), scores likewise, of_positive
and best [queries]. Needs no vectors, so it runs beside encode.py.
"""

from multiprocessing import Pool

import numpy as np

from bm25 import Bm25
from common import Progress, parser, read_json_lines, start, write_atomically
from text import shingles

# Few distinct questions over many like policies: other passages of the source may answer too.
ANSWERED_BY_OTHERS = {"policyqa"}


def overlapping(text, other):
    """Whether two passages share an 8-word sequence, as windows of one paragraph do."""
    return not shingles(text).isdisjoint(shingles(other))


class Allowed:
    """Which passages may be negatives of a row."""

    def __init__(self, passages):
        self.passages, self.shingles = passages, {}

    def _of(self, passage):
        if passage not in self.shingles:
            self.shingles[passage] = shingles(self.passages[passage]["text"])
        return self.shingles[passage]

    def __call__(self, row, passage):
        if passage in row["same_query"]:
            return False
        if row["source"] in ANSWERED_BY_OTHERS and self.passages[passage]["source"] == row["source"]:
            return False
        return self._of(row["positive"]).isdisjoint(self._of(passage))


class Miner:
    def __init__(self, passages, kept):
        self.index, self.allowed, self.kept = (
            Bm25([passage["text"] for passage in passages]), Allowed(passages), kept)

    def __call__(self, row):
        """(ids, scores, score of the positive, best score)."""
        scores = self.index.scores(row["query"])
        near = np.argpartition(-scores, min(3 * self.kept, len(scores) - 1))[:3 * self.kept]
        near = near[np.argsort(-scores[near], kind="stable")]
        ids = np.full(self.kept, -1, np.int32)
        fresh = (int(i) for i in near if scores[i] > 0 and self.allowed(row, int(i)))
        chosen = [passage for _, passage in zip(range(self.kept), fresh)]
        ids[:len(chosen)] = chosen
        return ids, np.where(ids >= 0, scores[ids], 0), scores[row["positive"]], scores.max()


def mine_one(row):
    return mine_one.miner(row)


def main():
    options = parser(__doc__)
    options.add_argument("--kept", type=int, default=16, help="passages per query")
    args = options.parse_args()
    log = start(args, "mine-bm25")
    mine_one.miner = Miner(read_json_lines(args.work / "passages.jsonl"), args.kept)
    with Pool(args.threads) as pool:  # forked: the index is shared
        for name in ("dev", "train"):
            rows = read_json_lines(args.work / f"{name}.jsonl")
            progress, found = Progress(log, len(rows), f"{name} queries"), []
            for one in pool.imap(mine_one, rows, 256):
                found.append(one)
                progress.update(len(found))
            ids, scores, of_positive, best = (np.array(column) for column in zip(*found))
            first = (of_positive[:, None] > np.where(ids >= 0, scores, -1)).all(1).mean()
            log.info("%s: positive first in %.3f of the lists", name, first)
            write_atomically(args.work / f"bm25_{name}.npz", lambda temporary: np.savez(
                temporary, ids=ids, scores=scores, of_positive=of_positive, best=best))


if __name__ == "__main__":
    main()
