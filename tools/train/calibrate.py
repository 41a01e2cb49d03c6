"""Stage 9: makes sigmoid(logit) a probability, and measures it, on the development queries.

Fits scale and shift of the logit (logistic regression of relevant against random and hard pairs),
lowers the shift until random pairs have the mean score asked for, and folds both into the
classifier, which leaves rankings as they are. Scored with the weights rounded to bfloat16, as they
are exported. Writes <output>/ (model, tokenizer, calibration.json).
"""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import torch

import packed
from augment import foreign_document
from common import device, parser, read_json_lines, start
from metrics import area_under_curve
from pairs import PairTokenizer, score
from workers import Workers


def pair_kinds(work, queries_max, hard_per_query, seed):
    """kind -> [(query, document)] of the first development queries."""
    rng = random.Random(seed)
    passages = [row["text"] for row in read_json_lines(work / "passages.jsonl")]
    rows = read_json_lines(work / "dev.jsonl")[:queries_max]
    candidates = np.load(work / "candidates_dev.npz")["ids"]
    kinds = {"relevant": [], "hard": [], "random": [], "foreign": []}
    for row, ids in zip(rows, candidates):
        query, text = row["query"], passages[row["positive"]]
        hard = [int(i) for i in ids[1:] if i >= 0]
        kinds["relevant"].append((query, text))
        kinds["random"].append((query, passages[rng.randrange(len(passages))]))
        kinds["foreign"].append((query, foreign_document(text, rng)))
        chosen = rng.sample(hard, min(hard_per_query, len(hard)))
        kinds["hard"] += [(query, passages[i]) for i in chosen]
    return kinds


def scores_of(model, tokenizer, pairs, workers):
    queries = tokenizer.ids([query for query, _ in pairs])
    documents = tokenizer.ids([document for _, document in pairs])
    tokens = [tokenizer.pair(q, d, 512) for q, d in zip(queries, documents)]
    return score(model, tokens, workers)


def fit(logits, hard_weight):
    """(scale, shift) of the logistic regression; relevant pairs weigh as much as all others."""
    x = torch.tensor(np.concatenate([logits["relevant"], logits["random"], logits["hard"]]),
                     dtype=torch.float64)
    sizes = [len(logits[kind]) for kind in ("relevant", "random", "hard")]
    weight = torch.cat([torch.full((n,), w / n, dtype=torch.float64) for n, w in
                        zip(sizes, (1.0, 1.0 - hard_weight, hard_weight))])
    label = (torch.arange(len(x)) < sizes[0]).double()
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = (torch.nn.functional.binary_cross_entropy_with_logits(
            line[0] * x + line[1], label, reduction="none") * weight).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return line.detach().tolist()


def lowered(values, shift, mean_wanted):
    """The greatest shift up to `shift` at which the mean score of `values` is as wanted."""
    low, high = shift - 20.0, shift
    if (1 / (1 + np.exp(-(values + high)))).mean() <= mean_wanted:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if (1 / (1 + np.exp(-(values + middle)))).mean() > mean_wanted:
            high = middle
        else:
            low = middle
    return low


def summary(logits):
    probability = {kind: 1 / (1 + np.exp(-values.astype(np.float64))) for kind, values in logits.items()}
    rounded = lambda value: round(float(value), 4)
    return {
        "threshold_recall_95": rounded(np.percentile(probability["relevant"], 5)),
        "mean_relevant": rounded(probability["relevant"].mean()),
        "mean_hard_negative": rounded(probability["hard"].mean()),
        "mean_random": rounded(probability["random"].mean()),
        "auc_relevant_hard_negative": rounded(area_under_curve(logits["relevant"], logits["hard"])),
        "auc_relevant_random": rounded(area_under_curve(logits["relevant"], logits["random"])),
        "percentile_95_random": rounded(np.percentile(probability["random"], 95)),
        "percentile_95_made_up_foreign": rounded(np.percentile(probability["foreign"], 95)),
        "pairs": {kind: len(values) for kind, values in logits.items()},
        "scores": "sigmoid of the logit, development split of the training data",
    }


def main():
    options = parser(__doc__)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--output", type=Path, required=True)
    options.add_argument("--queries-max", type=int, default=1000)
    options.add_argument("--hard-per-query", type=int, default=3)
    options.add_argument("--hard-weight", type=float, default=0.3, help="share of the negatives")
    options.add_argument("--random-mean", type=float, default=0.012)
    args = options.parse_args()
    log = start(args, "calibrate")
    model, config = packed.load(args.model, device())
    model.weights = {name: w.bfloat16().to(w.dtype) for name, w in model.weights.items()}
    workers = Workers(args.threads)
    tokenizer = PairTokenizer(args.work / "tokenizer")
    kinds = pair_kinds(args.work, args.queries_max, args.hard_per_query, args.seed)
    logits = {kind: scores_of(model, tokenizer, pairs, workers) for kind, pairs in kinds.items()}
    scale, shift = fit(logits, args.hard_weight)
    shift = lowered(scale * logits["random"], shift, args.random_mean)
    log.info("scale %.4f shift %.4f", scale, shift)
    weights = {name: weight.float() for name, weight in model.weights.items()}
    weights["classifier.weight"] *= scale
    weights["classifier.bias"] = weights["classifier.bias"] * scale + shift
    result = summary({kind: scale * values + shift for kind, values in logits.items()})
    log.info("%s", json.dumps(result))
    packed.save(weights, config, args.output)
    shutil.copytree(args.work / "tokenizer", args.output, dirs_exist_ok=True)
    (args.output / "calibration.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
