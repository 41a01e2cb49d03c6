"""How little rankings move when a text changes in ways that should not matter.

On a ranking set: mean Kendall tau between the scores of the candidates before and after a change
of the query (upper case, lower case, no question mark, trailing whitespace) or of every document
(HTML entities, a title in front, trailing whitespace).
"""

import argparse
import html
import json
from pathlib import Path

import numpy as np

import packed
from augment import titled
from common import device
from metrics import RankingSet
from pairs import PairTokenizer, score
from workers import Workers

QUERY_CHANGES = {
    "query in upper case": str.upper,
    "query in lower case": str.lower,
    "query without question mark": lambda text: text.rstrip("? "),
    "query with trailing whitespace": lambda text: text + "  \n",
}
DOCUMENT_CHANGES = {
    "document with HTML entities": html.escape,
    "document with a title in front": lambda text: titled(text) + " " + text,
    "document with trailing whitespace": lambda text: text + " \n\n",
}


def same(text):
    return text


def kendall_tau(x, y):
    """Tau-b of two score vectors."""
    first, second = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    upper = np.triu_indices(len(x), 1)
    first, second = first[upper], second[upper]
    ties = np.sqrt(np.abs(first).sum() * np.abs(second).sum())
    return float((first * second).sum() / ties) if ties else 1.0


class Scorer:
    def __init__(self, folder, ranking_set, tokens_max, workers):
        self.model, _ = packed.load(folder, device())
        self.workers = workers
        self.tokenizer, self.set, self.tokens_max = PairTokenizer(folder), ranking_set, tokens_max

    def __call__(self, change_query, change_document):
        """query id -> scores of its candidates."""
        keys = [(q, d) for q, documents in self.set.candidates.items() for d in documents]
        queries = self.tokenizer.ids([change_query(self.set.queries[q]) for q, _ in keys])
        documents = self.tokenizer.ids([change_document(self.set.documents[d]) for _, d in keys])
        pairs = [self.tokenizer.pair(q, d, self.tokens_max) for q, d in zip(queries, documents)]
        scores = iter(score(self.model, pairs, self.workers))
        return {q: np.array([next(scores) for _ in documents])
                for q, documents in self.set.candidates.items()}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("set", type=Path)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--seed", type=int, default=7, help="accepted as by every stage; unused")
    options.add_argument("--depth", type=int, default=20)
    options.add_argument("--queries-max", type=int, default=50)
    options.add_argument("--tokens-max", type=int, default=512)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--json", type=Path)
    args = options.parse_args()
    scorer = Scorer(args.model, RankingSet(args.set, args.depth, args.queries_max),
                    args.tokens_max, Workers(args.threads))
    plain = scorer(same, same)
    result = {}
    changes = [(name, change, same) for name, change in QUERY_CHANGES.items()]
    changes += [(name, same, change) for name, change in DOCUMENT_CHANGES.items()]
    for name, change_query, change_document in changes:
        changed = scorer(change_query, change_document)
        result[name] = np.mean([kendall_tau(plain[q], changed[q]) for q in plain if len(plain[q]) > 1])
        print(f"{name:36} tau {result[name]:.4f}", flush=True)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
