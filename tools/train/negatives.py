"""Stage 5: hard negatives by BM25 and by the bi-encoder, and the first teacher's scores.

For each query: its positive, the best passages of BM25 (mine_bm25.py) and the nearest of the
bi-encoder, without passages of the same query and passages sharing an 8-word sequence with the
positive. Writes candidates_{train,dev}.npz: ids [queries, C] (-1 where missing; column 0 is the
positive), cosine and bm25 [queries, C]. The teacher's score is a logistic function of the cosine,
the BM25 score and its share of the query's best, fitted on the training queries: teacher
[queries, C].
"""

import json

import numpy as np
import torch

from bm25 import Bm25
from common import Progress, device, parser, read_json_lines, start, write_atomically
from mine_bm25 import Allowed
from packed import fast_type


def nearest(queries, table, count):
    """Ids of the nearest passages by cosine, best first, [queries, count]; table [width, N]."""
    scores = torch.tensor(queries, dtype=table.dtype, device=device()) @ table
    return torch.topk(scores, count).indices.cpu().numpy()


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


def dense_candidates(rows, queries, vectors, allowed, count, log):
    """Ids of the best allowed passages of the bi-encoder, [rows, count], -1 where missing."""
    table = torch.tensor(vectors, dtype=fast_type(device()), device=device()).T.contiguous()
    result = np.full((len(rows), count), -1, np.int32)
    progress = Progress(log, len(rows), "queries")
    near = None
    for number, row in enumerate(rows):
        if number % 1024 == 0:
            near = nearest(queries[number:number + 1024], table, min(3 * count, len(vectors)))
        fresh = (int(i) for i in near[number % 1024] if allowed(row, int(i)))
        chosen = [passage for _, passage in zip(range(count), fresh)]
        result[number, :len(chosen)] = chosen
        progress.update(number + 1)
    return result


def candidates_of(name, index, allowed, vectors, args, log):
    """(ids, cosine, bm25, features), each [queries, C]."""
    rows = read_json_lines(args.work / f"{name}.jsonl")
    queries = np.load(args.work / f"vectors_{name}.npy").astype(np.float32)
    sparse = np.load(args.work / f"bm25_{name}.npz")
    half = min(args.negatives // 2, sparse["ids"].shape[1])
    dense = dense_candidates(rows, queries, vectors, allowed, args.negatives // 2, log)
    by_bm25 = sparse["ids"][:, :half]
    dense[(dense[:, :, None] == by_bm25[:, None, :]).any(2)] = -1  # each passage once
    positive = np.array([row["positive"] for row in rows], np.int32)[:, None]
    ids = np.concatenate([positive, by_bm25, dense], 1)
    cosine = np.stack([vectors[i] @ q for i, q in zip(ids, queries)])
    bm25 = np.stack([index.scores_of(row["query"], i) for row, i in zip(rows, ids)])
    return ids, cosine, bm25, features(cosine, bm25, sparse["best"][:, None])


def main():
    options = parser(__doc__)
    options.add_argument("--negatives", type=int, default=32, help="per query, half of each kind")
    args = options.parse_args()
    log = start(args, "negatives")
    vectors = np.load(args.work / "vectors_passages.npy").astype(np.float32)
    passages = read_json_lines(args.work / "passages.jsonl")
    index, allowed = Bm25([passage["text"] for passage in passages]), Allowed(passages)
    weights = None
    for name in ("train", "dev"):
        ids, cosine, bm25, inputs = candidates_of(name, index, allowed, vectors, args, log)
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
