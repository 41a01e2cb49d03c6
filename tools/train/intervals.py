"""Intervals of what `rerankd eval SET --run-out RUN` found: the paired difference to BM25 (95 %,
bootstrap over queries) of nDCG@10, from the TREC run that it wrote.

    python intervals.py SET=RUN [SET=RUN ...]
"""

import argparse
from pathlib import Path

import numpy as np

from metrics import RankingSet, measure, paired_bootstrap


def read_run(path, queries):
    """query id -> documents, best first."""
    rankings = {query: [] for query in queries}
    with open(path, encoding="utf-8") as file:
        for line in file:
            query, _, document, *_ = line.split()
            rankings[query].append(document)
    return rankings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="SET=RUN")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    print("| set | queries | BM25 nDCG@10 | this model | difference, 95 % | BM25 MRR@10 | this model |")
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: |")
    differences = []
    for pair in arguments.pairs:
        folder, run = map(Path, pair.split("=", 1))
        ranking_set = RankingSet(folder)
        judged = [query for query, values in ranking_set.judgments.items() if any(values.values())]
        ranking_set.queries = {query: ranking_set.queries[query] for query in judged}
        ours, our_mrr = measure(read_run(run, ranking_set.judgments), ranking_set)
        first, first_mrr = measure(ranking_set.candidates, ranking_set)
        low, high = paired_bootstrap(ours, first, arguments.seed)
        differences.append(ours.mean() - first.mean())
        print(f"| {folder.name} | {len(judged)} | {first.mean():.4f} | {ours.mean():.4f} | "
              f"{differences[-1]:+.4f} [{low:+.4f}, {high:+.4f}] | {first_mrr.mean():.4f} | {our_mrr.mean():.4f} |")
    print(f"\nmean difference {np.mean(differences):+.4f}")


if __name__ == "__main__":
    main()
