"""The teacher on ranking sets: reranks by cosine and BM25 with the weights of negatives.py."""

import json
from pathlib import Path

import numpy as np

from common import parser, start
from encode import Encoder
from evaluate import report
from metrics import RankingSet
from negatives import features


def rerank(encoder, ranking_set, weights):
    """(by teacher, by cosine alone): query id -> its candidates, best first."""
    wanted = sorted({d for documents in ranking_set.candidates.values() for d in documents})
    place = {document: row for row, document in enumerate(wanted)}
    texts = [ranking_set.documents[d] for d in wanted]
    vectors = encoder(texts).astype(np.float32)
    queries = encoder(list(ranking_set.queries.values())).astype(np.float32)
    by_teacher, by_cosine = {}, {}
    for vector, (query, documents) in zip(queries, ranking_set.candidates.items()):
        cosine = np.array([vectors[place[d]] @ vector for d in documents])
        bm25 = np.array([ranking_set.bm25[query, d] for d in documents])
        scores = features(cosine, bm25, bm25.max(initial=0)) @ weights
        by_teacher[query] = [documents[i] for i in np.argsort(-scores, kind="stable")]
        by_cosine[query] = [documents[i] for i in np.argsort(-cosine, kind="stable")]
    return by_teacher, by_cosine


def main():
    options = parser(__doc__)
    options.add_argument("sets", type=Path, nargs="+", help="folders of ranking sets")
    options.add_argument("--bi-encoder", type=Path, required=True)
    options.add_argument("--depth", type=int, default=100)
    options.add_argument("--queries-max", type=int)
    options.add_argument("--tokens-max", type=int, default=256)
    args = options.parse_args()
    start(args, "evaluate-teacher")
    weights = np.array(json.loads((args.work / "teacher.json").read_text()), np.float32)
    encoder = Encoder(args.bi_encoder, args.tokens_max, args.threads)
    for folder in args.sets:
        ranking_set = RankingSet(folder, args.depth, args.queries_max)
        by_teacher, by_cosine = rerank(encoder, ranking_set, weights)
        report(f"{folder.name} teacher", by_teacher, ranking_set, args.seed)
        report(f"{folder.name} cosine", by_cosine, ranking_set, args.seed)


if __name__ == "__main__":
    main()
