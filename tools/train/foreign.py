"""Scores of English queries for paragraphs of other languages: xquad folders, whose ids are aligned.

Per language, of each query: its own paragraph (in a foreign language a translation of the answer) and
another one. Prints the mean and the 95th percentile of the sigmoid of the logit.
"""

import argparse
import random
from pathlib import Path

import numpy as np

import packed
from calibrate import scores_of
from common import device
from metrics import RankingSet
from pairs import PairTokenizer
from workers import Workers


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("english", type=Path, help="folder of the queries")
    options.add_argument("others", type=Path, nargs="+", help="folders of the same paragraphs")
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--queries-max", type=int, default=60)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--threads", type=int, default=2)
    args = options.parse_args()
    model, _ = packed.load(args.model, device())
    tokenizer, workers = PairTokenizer(args.model), Workers(args.threads)
    english = RankingSet(args.english, queries_max=args.queries_max)
    for folder in (args.english, *args.others):
        documents, rng = RankingSet(folder, depth=0).documents, random.Random(args.seed)
        pairs = {"own": [], "unrelated": []}
        for query, text in english.queries.items():
            own = next(document for document, value in english.judgments[query].items() if value)
            other = rng.choice([document for document in documents if document != own])
            pairs["own"].append((text, documents[own]))
            pairs["unrelated"].append((text, documents[other]))
        for kind, chosen in pairs.items():
            score = 1 / (1 + np.exp(-scores_of(model, tokenizer, chosen, workers)))
            print(f"{folder.name:10} {kind:9} {len(chosen)} pairs  mean {score.mean():.4f}  "
                  f"95th percentile {np.percentile(score, 95):.4f}", flush=True)


if __name__ == "__main__":
    main()
