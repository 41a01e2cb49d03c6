"""Training lists: a query, its positive, and negatives of several kinds, with augmentation."""

import random

import numpy as np

from augment import changed_query, foreign_document, titled, with_entities
from common import read_json_lines


class Lists:
    """Lists of one positive (first) and `size` - 1 negatives, reproducible by (seed, step)."""

    def __init__(self, work, args):
        self.passages = [row["text"] for row in read_json_lines(work / "passages.jsonl")]
        self.rows = read_json_lines(work / "train.jsonl")
        table = np.load(work / f"candidates_{args.candidates}.npz")
        self.candidates, self.teacher = table["ids"], table["teacher"]
        self.used = sorted({row["positive"] for row in self.rows})
        self.args = args

    def step(self, step):
        """[(query, documents, teacher scores)] of a step; teacher scores are -inf if unknown."""
        count = len(self.rows) // self.args.lists
        epoch, place = divmod(step, count)
        order = np.random.default_rng([self.args.seed, epoch]).permutation(len(self.rows))
        rng = random.Random(f"{self.args.seed}-{step}")
        chosen = order[place * self.args.lists:(place + 1) * self.args.lists]
        return [self.one(int(index), rng) for index in chosen]

    def one(self, index, rng):
        row = self.rows[index]
        columns = self.hard_columns(index, rng)
        ids = [int(self.candidates[index, c]) for c in columns]
        teacher = [float(self.teacher[index, c]) for c in columns]
        missing = self.args.size - len(ids)
        ids += rng.sample(self.used, missing)
        teacher += [-np.inf] * missing
        others = [int(i) for i in self.candidates[index, 1:] if i >= 0 and i not in ids]
        documents = self.dressed([self.passages[i] for i in ids], others, rng)
        if rng.random() < self.args.foreign:
            source = documents[0] if rng.random() < 0.6 else documents[-1]
            documents[-1] = foreign_document(source, rng)
            teacher[-1] = -np.inf
        return changed_query(row["query"], rng), documents, teacher

    def hard_columns(self, index, rng):
        """The positive's column and some hard negatives', the better ones more often.

        Candidates the teacher puts far above the positive are likely relevant and are left out.
        """
        limit = self.teacher[index, 0] + self.args.false_negative_margin
        half = (self.candidates.shape[1] - 1) // 2
        columns = [0]
        for first, wanted in ((1, self.args.hard_bm25), (1 + half, self.args.hard_dense)):
            usable = [c for c in range(first, first + half)
                      if self.candidates[index, c] >= 0 and self.teacher[index, c] < limit]
            usable.sort(key=lambda c: (c - first) * rng.random())
            columns += usable[:wanted]
        return columns

    def dressed(self, documents, others, rng):
        """All documents of a list with titles, or in longer text, or as HTML, or as they are."""
        if rng.random() < self.args.long:
            documents = [self.surrounded(text, others, rng) for text in documents]
        draw = rng.random()
        if draw < 0.3:
            return [titled(text) + " " + text for text in documents]
        if draw < 0.34:
            return [with_entities(text, rng) for text in documents]
        return documents

    def surrounded(self, text, others, rng):
        """The text between other passages, some of them on the query's subject."""
        pools = [others if others and rng.random() < 0.4 else self.used
                 for _ in range(rng.randint(1, 3))]
        parts = [self.passages[rng.choice(pool)] for pool in pools]
        parts.insert(rng.randrange(len(parts) + 1), text)
        return " ".join(parts)
