"""Training lists: a query, its positive, and negatives of several kinds, with augmentation."""

import json
import random
from dataclasses import dataclass, field

import numpy as np

from augment import changed_query, dressed, foreign_document, with_names
from common import read_json_lines

IRRELEVANT = -1e4  # the teacher's score of a document that is made up to be irrelevant


@dataclass
class TrainingList:
    """documents: the positive, negatives, and last a twin of document `twin` in another form.

    teacher: a score of each document. vectors: passage id of each document that is one whole
    passage, else -1; row: the query's number.
    """
    row: int
    query: str
    documents: list
    teacher: list
    vectors: list
    twin: int = 0
    pairs: list = field(default_factory=list)


class Lists:
    """Lists of one positive, `size` - 2 negatives and a twin, reproducible by (seed, step)."""

    def __init__(self, work, args):
        self.passages = [row["text"] for row in read_json_lines(work / "passages.jsonl")]
        self.rows = read_json_lines(work / "train.jsonl")
        table = np.load(work / f"candidates_{args.candidates}.npz")
        self.candidates, self.teacher = table["ids"], table["teacher"]
        self.cosine_weight = json.loads((work / "teacher.json").read_text())[0]
        self.passage_vectors = np.load(work / "vectors_passages.npy")
        self.query_vectors = np.load(work / "vectors_train.npy")
        self.used = sorted({row["positive"] for row in self.rows})
        self.args = args

    def step(self, step):
        """The lists of a step."""
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
        for _ in range(self.args.size - 1 - len(ids)):
            ids.append(rng.choice(self.used))
            # By the cosine alone: texts drawn at random hardly share a rare word.
            teacher.append(self.cosine_weight * float(
                self.passage_vectors[ids[-1]].astype(np.float32) @ self.query_vectors[index]))
        documents = [self.passages[i] for i in ids]
        self.make_up(documents, teacher, ids, row["query"], rng)
        if rng.random() < self.args.long:
            others = [int(i) for i in self.candidates[index, 1:] if i >= 0 and i not in ids]
            documents = [self.surrounded(text, others, rng) for text in documents]
            ids = [-1] * len(ids)
        twin = rng.randrange(len(ids))
        documents.append(dressed(documents[twin], rng))
        documents[:-1] = [dressed(text, rng) if place != twin and rng.random() < self.args.dressed
                          else text for place, text in enumerate(documents[:-1])]
        return TrainingList(index, changed_query(row["query"], rng), documents,
                            teacher + [teacher[twin]], ids + [ids[twin]], twin)

    def make_up(self, documents, teacher, ids, query, rng):
        """Replaces the last negative by a made-up one, in some lists."""
        draw = rng.random()
        if draw < self.args.foreign:
            source = documents[0] if rng.random() < 0.6 else documents[-1]
            documents[-1] = foreign_document(source, rng)
        elif draw < self.args.foreign + self.args.names:
            documents[-1] = with_names(self.passages[rng.choice(self.used)], query, rng)
        else:
            return
        teacher[-1], ids[-1] = IRRELEVANT, -1

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

    def surrounded(self, text, others, rng):
        """The text between other passages, some of them on the query's subject."""
        pools = [others if others and rng.random() < 0.4 else self.used
                 for _ in range(rng.randint(1, 3))]
        parts = [self.passages[rng.choice(pool)] for pool in pools]
        parts.insert(rng.randrange(len(parts) + 1), text)
        return " ".join(parts)
