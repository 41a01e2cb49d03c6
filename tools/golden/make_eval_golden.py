#!/usr/bin/env python3
"""Makes tests/golden/eval: a random graded run and what ir_measures says about each query.

  pip install ir_measures==0.4.3 pytrec_eval-terrier==0.5.11
  python3 tools/golden/make_eval_golden.py tests/golden/eval
"""
import pathlib
import random
import sys

import ir_measures
from ir_measures import AP, RR, R, nDCG

QUERIES, DOCUMENTS, LISTED, SEED = 40, 160, 130, 20261124


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    documents = [f"d{i}" for i in range(DOCUMENTS)]
    qrels, run = {}, {}
    for q in range(QUERIES):
        name = f"q{q}"
        judged = rng.sample(documents, rng.randint(1, 30))
        best = rng.choice([0, 1, 2, 3, 3])
        qrels[name] = {d: rng.choice([-1, 0, 0, 1, 2, 3]) for d in judged}
        qrels[name] = {d: min(grade, best) for d, grade in qrels[name].items()}
        # Judged documents tend to the front, as a ranker of some use would put them.
        place = {d: rng.random() - (0.6 if d in qrels[name] else 0) for d in documents}
        listed = sorted(documents, key=place.get)[: rng.choice([LISTED, LISTED, LISTED, 7, 1])]
        run[name] = {d: float(-rank) for rank, d in enumerate(listed)}

    with open(out / "qrels.tsv", "w") as f:
        f.write("query-id\tcorpus-id\tscore\n")
        for q, judgments in qrels.items():
            f.writelines(f"{q}\t{d}\t{grade}\n" for d, grade in judgments.items())
    with open(out / "run.tsv", "w") as f:
        f.write("query-id\tcorpus-id\trank\tscore\n")
        for q, scores in run.items():
            f.writelines(f"{q}\t{d}\t{1 - score:.0f}\t{score}\n" for d, score in scores.items())

    columns = [nDCG @ 10]
    for rel in (1, 2):
        columns += [RR(rel=rel) @ 10, AP(rel=rel), R(rel=rel) @ 100]
    values = {(m.query_id, m.measure): m.value for m in ir_measures.iter_calc(columns, qrels, run)}
    with open(out / "expected.tsv", "w") as f:
        f.write("query-id\t" + "\t".join(str(c) for c in columns) + "\n")
        for q in qrels:
            f.write(q + "".join(f"\t{values[(q, c)]:.12f}" for c in columns) + "\n")


if __name__ == "__main__":
    main()
