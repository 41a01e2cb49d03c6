"""Ranking measures over judged lists, and bootstrap intervals."""

import csv
import json
import math

import numpy as np


class RankingSet:
    """corpus.jsonl, queries.jsonl, qrels.tsv and bm25_top100.tsv of a folder."""

    def __init__(self, folder, depth=100, queries_max=None):
        def rows(name):
            with open(folder / name, encoding="utf-8") as file:
                return [json.loads(line) for line in file]

        def table(name):
            with open(folder / name, encoding="utf-8") as file:
                return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]

        self.documents = {
            row["_id"]: (row.get("title", "") + " " + row["text"]).strip() for row in rows("corpus.jsonl")}
        self.queries = {row["_id"]: row["text"] for row in rows("queries.jsonl")}
        if queries_max:
            self.queries = dict(list(self.queries.items())[:queries_max])
        self.judgments = {query: {} for query in self.queries}
        self.candidates = {query: [] for query in self.queries}
        self.bm25 = {}
        for query, document, value in table("qrels.tsv"):
            if query in self.judgments:
                self.judgments[query][document] = int(value)
        for query, document, rank, value in table("bm25_top100.tsv"):
            if query in self.candidates and int(rank) <= depth:
                self.candidates[query].append(document)
                self.bm25[query, document] = float(value)
        # Graded judgments (0 to 3) count as found from 2 on.
        graded = any(value > 1 for values in self.judgments.values() for value in values.values())
        self.relevant_from = 2 if graded else 1


def ndcg_at_10(ranking, judgments):
    """Linear gain, unjudged 0, ideal over all judgments."""
    discounts = [1 / math.log2(rank + 2) for rank in range(10)]
    gain = sum(judgments.get(d, 0) * w for d, w in zip(ranking, discounts))
    ideal = sum(v * w for v, w in zip(sorted(judgments.values(), reverse=True), discounts))
    return gain / ideal if ideal > 0 else 0.0


def mrr_at_10(ranking, judgments, relevant_from):
    for rank, document in enumerate(ranking[:10]):
        if judgments.get(document, 0) >= relevant_from:
            return 1 / (rank + 1)
    return 0.0


def measure(rankings, ranking_set):
    """Per query values, in the order of the set's queries: (nDCG@10, MRR@10)."""
    judgments, found = ranking_set.judgments, ranking_set.relevant_from
    ndcg = [ndcg_at_10(rankings[query], judgments[query]) for query in ranking_set.queries]
    mrr = [mrr_at_10(rankings[query], judgments[query], found) for query in ranking_set.queries]
    return np.array(ndcg), np.array(mrr)


def paired_bootstrap(ours, baseline, seed, rounds=10000):
    """95 % interval of the mean difference."""
    rng = np.random.default_rng(seed)
    difference = ours - baseline
    means = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(rounds)]
    return np.percentile(means, [2.5, 97.5])


def area_under_curve(positive, negative):
    """Probability that a positive scores above a negative."""
    both = np.concatenate([positive, negative])
    ranks = np.empty(len(both))
    ranks[np.argsort(both, kind="stable")] = np.arange(1, len(both) + 1)
    return float((ranks[:len(positive)].sum() - len(positive) * (len(positive) + 1) / 2)
                 / (len(positive) * len(negative)))
