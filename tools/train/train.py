"""Stage 8: trains a reranker on lists with labels and teacher scores.

Loss of a list: cross entropy against label and teacher's softmax, mixed; binary cross entropy of
each logit, so that sigmoid(logit) reads as a probability; the squared difference of the logits of
a document and its twin in another form; and a side task: the mean states of query and document
before the last layer tell the bi-encoder's vectors. The forward pass uses the weights as int8
stores them (int8_grid.py); gradients go to the unrounded ones (straight through: Bengio et al.,
2013, arXiv:1308.3432), which are averaged exponentially. Every --save steps: <output>/checkpoint.pt,
from which a run resumes, and <output>/model, the averaged weights on the grid.
"""

import threading
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import packed
from common import Progress, device, parser, start, write_atomically
from int8_grid import on_grid
from lists import Lists
from pairs import PairTokenizer
from workers import Workers

AVERAGE_EVERY = 5


def arguments():
    options = parser(__doc__)
    options.add_argument("--initial", type=Path, required=True, help="model folder to start from")
    options.add_argument("--output", type=Path, required=True)
    options.add_argument("--tokenizer", type=Path, help="default: <work>/tokenizer")
    options.add_argument("--candidates", default="train", help="candidates_<name>.npz")
    options.add_argument("--steps", type=int, required=True)
    options.add_argument("--lists", type=int, default=24, help="lists per step")
    options.add_argument("--part", type=int, default=6, help="lists per piece of work")
    options.add_argument("--size", type=int, default=7, help="documents per list")
    options.add_argument("--hard-bm25", type=int, default=2)
    options.add_argument("--hard-dense", type=int, default=2)
    options.add_argument("--false-negative-margin", type=float, default=1.0)
    options.add_argument("--foreign", type=float, default=0.25, help="share of lists with one")
    options.add_argument("--names", type=float, default=0.08,
                         help="share of lists with an unrelated text that has the query's names")
    options.add_argument("--dressed", type=float, default=0.25, help="share of documents")
    options.add_argument("--long", type=float, default=0.0, help="share of lists of long documents")
    options.add_argument("--tokens-max", type=int, default=160)
    options.add_argument("--rate", type=float, default=5e-4)
    options.add_argument("--warmup", type=int, default=100)
    options.add_argument("--last-rate", type=float, default=0.02, help="share of --rate at the end")
    options.add_argument("--teacher-share", type=float, default=0.5)
    options.add_argument("--pointwise", type=float, default=0.3, help="weight of the second loss")
    options.add_argument("--alike", type=float, default=0.05, help="weight of the twins' loss")
    options.add_argument("--side", type=float, default=1.0, help="weight of the side task")
    options.add_argument("--average", type=float, default=0.995)
    options.add_argument("--save", type=int, default=200)
    return options.parse_args()


def list_loss(scores, teacher, twins, args):
    """Sum over lists. scores, teacher [lists, size]; column 0 is the positive, the last a twin."""
    own, own_teacher = scores[:, :-1], teacher[:, :-1]
    wanted = args.teacher_share * own_teacher.softmax(1)
    wanted[:, 0] += 1 - args.teacher_share
    listwise = -(wanted * own.log_softmax(1)).sum(1)
    pointwise = F.softplus(-own[:, 0]) + F.softplus(own[:, 1:]).mean(1)
    alike = (scores[:, -1] - own.gather(1, twins[:, None])[:, 0]).square()
    return (listwise + args.pointwise * pointwise + args.alike * alike).sum()


class Trainer:
    def __init__(self, args, lists):
        self.args, self.to, self.lists = args, device(), lists
        self.workers, self.lock = Workers(args.threads), threading.Lock()
        self.model, self.config = packed.load(args.initial, self.to)
        hidden, width = self.config.hidden_size, lists.query_vectors.shape[1]
        for name in ("query", "document"):
            self.model.weights[f"side.{name}.weight"] = (
                torch.randn(width, hidden, device=self.to) * hidden**-0.5).to(self.model.type)
        self.masters = {name: w.detach().float().clone() for name, w in self.model.weights.items()}
        self.average = {name: w.clone() for name, w in self.masters.items()}
        for name, master in self.masters.items():
            self.model.weights[name].requires_grad_()
            master.grad = torch.zeros_like(master)
        self.optimizer = torch.optim.AdamW(list(self.masters.values()), args.rate, (0.9, 0.98),
                                           weight_decay=0.01, fused=True)
        self.done = 0
        self.use_masters()

    def use_masters(self):
        with torch.no_grad():
            for name, value in on_grid(self.masters).items():
                self.model.weights[name].copy_(value)

    def rate(self):
        warm = min(1, (self.done + 1) / self.args.warmup)
        left = max(0, 1 - self.done / self.args.steps)
        return self.args.rate * warm * (self.args.last_rate + (1 - self.args.last_rate) * left)

    def side_loss(self, states, batch, part):
        """Mean of 1 - cosine of what the states tell and the bi-encoder's vectors, times lists."""
        means = self.model.segment_means(states, batch).to(self.model.type)
        size = len(part[0].documents)
        ids = np.array([one.vectors for one in part]).ravel()
        known = torch.tensor(ids >= 0, device=self.to)
        loss = 0
        for side, name, vectors, used in (
                (0, "query", self.lists.query_vectors[[one.row for one in part]].repeat(size, 0),
                 torch.ones_like(known)),
                (1, "document", self.lists.passage_vectors[ids], known)):
            told = F.linear(means[:, side], self.model.weights[f"side.{name}.weight"]).float()
            wanted = torch.tensor(vectors, device=self.to).float()
            distance = 1 - F.cosine_similarity(told, wanted, dim=1)
            loss = loss + (distance * used).sum() / used.sum().clamp(min=1)
        return loss * len(part)

    def add_gradient(self, part):
        """Adds the gradient of some lists; returns (their loss, lists with the positive first)."""
        batch = packed.Buckets([pair for one in part for pair in one.pairs], self.to)
        states = self.model.before_last(batch)
        scores = self.model.logits_from(states, batch).view(len(part), -1)
        teacher = torch.tensor([one.teacher for one in part], device=self.to)
        twins = torch.tensor([one.twin for one in part], device=self.to)
        ranking = list_loss(scores, teacher, twins, self.args)
        loss = ranking
        if self.args.side > 0:
            loss = loss + self.args.side * self.side_loss(states, batch, part)
        gradients = torch.autograd.grad(loss / self.args.lists, list(self.model.weights.values()),
                                        allow_unused=True)
        with self.lock, torch.no_grad():
            for master, gradient in zip(self.masters.values(), gradients):
                if gradient is not None:
                    master.grad += gradient
        first = (scores[:, :1] > scores[:, 1:-1]).all(1).sum()
        return ranking.item(), first.item(), (loss - ranking).item()

    def step(self, drawn):
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        parts = [drawn[i:i + self.args.part] for i in range(0, len(drawn), self.args.part)]
        sums = np.array(list(self.workers.map(self.add_gradient, parts))).sum(0)
        torch.nn.utils.clip_grad_norm_(list(self.masters.values()), 1.0)
        self.optimizer.step()
        self.done += 1
        with torch.no_grad():
            self.use_masters()
            for master in self.masters.values():
                master.grad.zero_()
            if self.done % AVERAGE_EVERY == 0:
                decay = min(self.args.average**AVERAGE_EVERY, self.done / (self.done + 50))
                torch._foreach_lerp_(list(self.average.values()), list(self.masters.values()),
                                     1 - decay)
        return sums / len(drawn)

    def save(self):
        self.args.output.mkdir(parents=True, exist_ok=True)
        state = {"masters": self.masters, "optimizer": self.optimizer.state_dict(),
                 "average": self.average, "done": self.done}
        write_atomically(self.args.output / "checkpoint.pt", lambda path: torch.save(state, path))
        packed.save(on_grid(self.average), self.config, self.args.output / "model")

    def resume(self):
        path = self.args.output / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, map_location=self.to)
            self.optimizer.load_state_dict(state["optimizer"])
            self.average, self.done = state["average"], state["done"]
            with torch.no_grad():
                for name, master in self.masters.items():
                    master.copy_(state["masters"][name])
            self.use_masters()


def tokenized(drawn, tokenizer, tokens_max):
    """Fills in the token pairs of the lists; returns them and the number of tokens."""
    queries = tokenizer.ids([one.query for one in drawn])
    documents = iter(tokenizer.ids([text for one in drawn for text in one.documents]))
    for one, query in zip(drawn, queries):
        one.pairs = [tokenizer.pair(query, next(documents), tokens_max) for _ in one.documents]
    return drawn, sum(len(ids) for one in drawn for ids, _ in one.pairs)


def main():
    args = arguments()
    log = start(args, f"train-{args.output.name}")
    lists = Lists(args.work, args)
    tokenizer = PairTokenizer(args.tokenizer or args.work / "tokenizer")
    trainer = Trainer(args, lists)
    trainer.resume()
    progress = Progress(log, args.steps, "steps", begun=trainer.done)
    mean, tokens = None, 0
    while trainer.done < args.steps:
        drawn, count = tokenized(lists.step(trainer.done), tokenizer, args.tokens_max)
        tokens += count
        values = trainer.step(drawn)
        mean = values if mean is None else 0.97 * mean + 0.03 * values
        progress.update(trainer.done, f"loss {mean[0]:.4f} first {mean[1]:.3f} side {mean[2]:.3f} "
                        f"{tokens / progress.elapsed_s():.0f} tokens/s")
        if trainer.done % args.save == 0 or trainer.done == args.steps:
            trainer.save()


if __name__ == "__main__":
    main()
