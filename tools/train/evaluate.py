"""Measures a model on ranking sets: reranks bm25_top100.tsv, prints nDCG@10 and MRR@10.

The interval is that of the paired difference to BM25 (95 %, bootstrap over queries).
"""

import argparse
import json
from pathlib import Path

import packed
from common import device
from metrics import RankingSet, measure, paired_bootstrap
from pairs import PairTokenizer, score
from workers import Workers


def rerank(model, tokenizer, ranking_set, tokens_max, workers):
    """query id -> its candidates, best first; ties keep the order of BM25."""
    ids = {d for documents in ranking_set.candidates.values() for d in documents}
    document_ids = dict(zip(ids, tokenizer.ids([ranking_set.documents[d] for d in ids])))
    query_ids = dict(zip(ranking_set.queries, tokenizer.ids(list(ranking_set.queries.values()))))
    keys = [(q, d) for q, documents in ranking_set.candidates.items() for d in documents]
    pairs = [tokenizer.pair(query_ids[q], document_ids[d], tokens_max) for q, d in keys]
    scores = dict(zip(keys, score(model, pairs, workers)))
    return {q: sorted(documents, key=lambda d: -scores[q, d])
            for q, documents in ranking_set.candidates.items()}


def report(name, rankings, ranking_set, seed):
    """Prints and returns the row of a set."""
    ndcg, mrr = measure(rankings, ranking_set)
    base_ndcg, base_mrr = measure(ranking_set.candidates, ranking_set)
    low, high = paired_bootstrap(ndcg, base_ndcg, seed)
    row = {"set": name, "queries": len(ndcg), "ndcg": ndcg.mean(), "mrr": mrr.mean(),
           "bm25_ndcg": base_ndcg.mean(), "bm25_mrr": base_mrr.mean(), "low": low, "high": high}
    print(f"{name:16} {len(ndcg):5} queries  nDCG@10 {row['ndcg']:.4f} (BM25 {row['bm25_ndcg']:.4f}, "
          f"{row['ndcg'] - row['bm25_ndcg']:+.4f} [{low:+.4f}, {high:+.4f}])  "
          f"MRR@10 {row['mrr']:.4f} (BM25 {row['bm25_mrr']:.4f})", flush=True)
    return row


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("sets", type=Path, nargs="+", help="folders of ranking sets")
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--tokenizer", type=Path, help="where it is not in the model's folder")
    options.add_argument("--depth", type=int, default=100, help="candidates per query")
    options.add_argument("--queries-max", type=int, help="only the first so many queries")
    options.add_argument("--tokens-max", type=int, default=512)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--json", type=Path, help="also write the rows there")
    args = options.parse_args()
    model, _ = packed.load(args.model, device())
    workers = Workers(args.threads)
    tokenizer = PairTokenizer(args.tokenizer or args.model)
    rows = []
    for folder in args.sets:
        ranking_set = RankingSet(folder, args.depth, args.queries_max)
        rankings = rerank(model, tokenizer, ranking_set, args.tokens_max, workers)
        rows.append(report(folder.name, rankings, ranking_set, args.seed))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
