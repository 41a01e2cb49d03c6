"""Stage 5: hard negatives by BM25 and by the bi-encoder, and the teacher's scores.

For each query: the best passages of BM25 and of the bi-encoder, without its positive, passages of
the same query, and passages sharing an 8-word sequence with the positive. Writes
candidates_{train,dev}.npz: ids [queries, C] (-1 where missing; column 0 is the positive),
cosine and bm25 [queries, C]. The teacher's score is a logistic function of the cosine, the
BM25 score and its share of the query's best, fitted on the training queries: teacher [queries, C].
"""

import json

import numpy as np
import torch

from bm25 import Bm25
from common import Progress, parser, read_json_lines, start, write_atomically
from text import shingles

# Few distinct questions over many like policies: other passages of the source may answer too.
ANSWERED_BY_OTHERS = {"policyqa"}


def overlapping(text, other):
    """Whether two passages share an 8-word sequence, as windows of one paragraph do."""
    return not shingles(text).isdisjoint(shingles(other))


def bi_encoder_top(queries, passages, count):
    """Ids of the nearest passages by cosine, [queries, count]."""
    table = torch.tensor(passages, dtype=torch.float32).T.contiguous()
    blocks = [torch.topk(torch.tensor(queries[i:i + 1024], dtype=torch.float32) @ table, count).indices
              for i in range(0, len(queries), 1024)]
    return torch.cat(blocks).numpy()


class Candidates:
    def __init__(self, passages, args):
        self.passages, self.args = passages, args
        self.index = Bm25([passage["text"] for passage in passages])
        self.shingles = {}

    def _shingles(self, passage):
        if passage not in self.shingles:
            self.shingles[passage] = shingles(self.passages[passage]["text"])
        return self.shingles[passage]

    def allowed(self, row, passage):
        if passage in row["same_query"]:
            return False
        if row["source"] in ANSWERED_BY_OTHERS and self.passages[passage]["source"] == row["source"]:
            return False
        return self._shingles(row["positive"]).isdisjoint(self._shingles(passage))

    def of(self, row, near):
        """Positive first, then half by BM25, half by the bi-encoder; and their BM25 scores."""
        half = self.args.negatives // 2
        scores = self.index.scores(row["query"])
        by_bm25 = np.argpartition(-scores, 3 * half)[:3 * half]
        by_bm25 = by_bm25[np.argsort(-scores[by_bm25], kind="stable")]
        chosen = [row["positive"]]
        for ids in (by_bm25, near):
            fresh = (int(i) for i in ids if int(i) not in chosen and self.allowed(row, int(i)))
            chosen += [passage for _, passage in zip(range(half), fresh)]
        ids = np.full(1 + 2 * half, -1, np.int32)
        ids[:len(chosen)] = chosen
        return ids, np.where(ids >= 0, scores[ids], 0), scores.max()


def features(cosine, bm25, best):
    return np.stack([cosine, bm25 / 10, bm25 / (best + 1e-3)], -1).astype(np.float32)


def fit_teacher(inputs, ids):
    """Weights of a listwise logistic regression of the positive against its candidates."""
    inputs, valid = torch.tensor(inputs), torch.tensor(ids >= 0)
    weights = torch.tensor([20.0, 0.0, 0.0], requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=0.2)
    labels = torch.zeros(len(ids), dtype=torch.long)
    for _ in range(200):
        logits = (inputs @ weights).masked_fill(~valid, -1e4)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return weights.detach().numpy(), loss.item()


def mine(name, candidates, vectors, args, log):
    rows = read_json_lines(args.work / f"{name}.jsonl")
    queries = np.load(args.work / f"vectors_{name}.npy").astype(np.float32)
    near = bi_encoder_top(queries, vectors, 3 * args.negatives)
    progress = Progress(log, len(rows), f"{name} queries")
    mined = []
    for row, row_near in zip(rows, near):
        mined.append(candidates.of(row, row_near))
        progress.update(len(mined))
    ids, bm25, best = (np.array(column) for column in zip(*mined))
    cosine = np.stack([vectors[i] @ q for i, q in zip(ids, queries)])
    return ids, cosine, bm25, features(cosine, bm25, best[:, None])


def main():
    options = parser(__doc__)
    options.add_argument("--negatives", type=int, default=32, help="per query, half of each kind")
    args = options.parse_args()
    log = start(args, "negatives")
    vectors = np.load(args.work / "vectors_passages.npy").astype(np.float32)
    candidates = Candidates(read_json_lines(args.work / "passages.jsonl"), args)
    weights = None
    for name in ("train", "dev"):
        ids, cosine, bm25, inputs = mine(name, candidates, vectors, args, log)
        if weights is None:
            weights, loss = fit_teacher(inputs, ids)
            log.info("teacher weights %s, loss %.3f", weights, loss)
            (args.work / "teacher.json").write_text(json.dumps(weights.tolist()) + "\n")
        teacher = np.where(ids >= 0, inputs @ weights, -1e4).astype(np.float32)
        for kind, scores in (("bm25", bm25), ("cosine", cosine), ("teacher", teacher)):
            first = (scores[:, :1] > np.where(ids >= 0, scores, -1e9)[:, 1:]).all(1).mean()
            log.info("%s: positive first by %s in %.3f of the lists", name, kind, first)
        write_atomically(args.work / f"candidates_{name}.npz", lambda temporary: np.savez(
            temporary, ids=ids, cosine=cosine, bm25=bm25, teacher=teacher))


if __name__ == "__main__":
    main()
