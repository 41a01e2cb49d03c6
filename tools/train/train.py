"""Stage 8: trains the reranker on lists with labels and teacher scores.

Loss of a list: cross entropy against label and teacher's softmax, mixed; plus binary cross
entropy of each logit, so that sigmoid(logit) reads as a probability. Weights are averaged
(exponentially). Every --save steps: <output>/checkpoint.pt, from which a run resumes, and
<output>/model, the averaged weights.
"""

import time
from pathlib import Path

import torch
from torch.nn import functional as F
from transformers import BertForSequenceClassification

from common import Progress, device, parser, start, write_atomically
from lists import Lists
from pairs import PairTokenizer, logits


def arguments():
    options = parser(__doc__)
    options.add_argument("--initial", type=Path, required=True, help="model folder to start from")
    options.add_argument("--output", type=Path, required=True)
    options.add_argument("--candidates", default="train", help="candidates_<name>.npz")
    options.add_argument("--steps", type=int, default=10**9)
    options.add_argument("--minutes", type=float, default=1e9,
                         help="stop after so long; the rate falls with whichever limit is nearer")
    options.add_argument("--lists", type=int, default=16, help="lists per step")
    options.add_argument("--size", type=int, default=8, help="documents per list")
    options.add_argument("--hard-bm25", type=int, default=3)
    options.add_argument("--hard-dense", type=int, default=3)
    options.add_argument("--false-negative-margin", type=float, default=1.0)
    options.add_argument("--foreign", type=float, default=0.15, help="share of lists with one")
    options.add_argument("--long", type=float, default=0.0, help="share of lists of long documents")
    options.add_argument("--tokens-max", type=int, default=144)
    options.add_argument("--rate", type=float, default=5e-4)
    options.add_argument("--warmup", type=int, default=100)
    options.add_argument("--last-rate", type=float, default=0.02, help="share of --rate at the end")
    options.add_argument("--teacher-share", type=float, default=0.3)
    options.add_argument("--pointwise", type=float, default=0.3, help="weight of the second loss")
    options.add_argument("--average", type=float, default=0.995)
    options.add_argument("--save", type=int, default=200)
    return options.parse_args()


def list_loss(scores, teacher, args):
    """scores, teacher [lists, size]; the positive is column 0."""
    wanted = (1 - args.teacher_share) * F.one_hot(
        torch.zeros(len(scores), dtype=torch.long, device=scores.device), scores.shape[1])
    wanted = wanted + args.teacher_share * teacher.softmax(1)
    listwise = -(wanted * scores.log_softmax(1)).sum(1).mean()
    positive = F.softplus(-scores[:, 0]).mean()
    negative = F.softplus(scores[:, 1:]).mean()
    return listwise + args.pointwise * (positive + negative), listwise.detach()


class Trainer:
    def __init__(self, args):
        self.args, self.to = args, device()
        self.model = BertForSequenceClassification.from_pretrained(
            args.initial, dtype=torch.float32).to(self.to)
        self.average = {k: v.detach().clone() for k, v in self.model.named_parameters()}
        self.optimizer = torch.optim.AdamW(self.model.parameters(), args.rate, (0.9, 0.98),
                                           weight_decay=0.01)
        self.done, self.elapsed_s = 0, 0.0

    def share_done(self):
        return max(self.done / self.args.steps, self.elapsed_s / 60 / self.args.minutes)

    def rate(self):
        warm = min(1, (self.done + 1) / self.args.warmup)
        left = max(0, 1 - self.share_done())
        return self.args.rate * warm * (self.args.last_rate + (1 - self.args.last_rate) * left)

    def step(self, pairs, teacher):
        begun = time.time()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.model.train()
        scores = logits(self.model, pairs, self.to).view(self.args.lists, self.args.size)
        loss, listwise = list_loss(scores, teacher.to(self.to), self.args)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.done += 1
        decay = min(self.args.average, self.done / (self.done + 10))
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                self.average[name].lerp_(weight, 1 - decay)
        self.elapsed_s += time.time() - begun
        first = (scores[:, :1] > scores[:, 1:]).all(1).float().mean()
        return listwise.item(), first.item()

    def save(self):
        self.args.output.mkdir(parents=True, exist_ok=True)
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                 "average": self.average, "done": self.done, "elapsed_s": self.elapsed_s}
        write_atomically(self.args.output / "checkpoint.pt", lambda path: torch.save(state, path))
        current = {k: v.detach().clone() for k, v in self.model.named_parameters()}
        self.model.load_state_dict(self.average, strict=False)
        self.model.save_pretrained(self.args.output / "model")
        self.model.load_state_dict(current, strict=False)

    def resume(self):
        path = self.args.output / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, map_location=self.to)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average = state["average"]
            self.done, self.elapsed_s = state["done"], state["elapsed_s"]


def batch(lists, tokenizer, step, tokens_max):
    """(pairs, teacher scores [lists, size]) of a step."""
    drawn = lists.step(step)
    queries = tokenizer.ids([query for query, _, _ in drawn])
    documents = tokenizer.ids([d for _, texts, _ in drawn for d in texts])
    size = len(drawn[0][1])
    pairs = [tokenizer.pair(queries[i // size], document, tokens_max)
             for i, document in enumerate(documents)]
    return pairs, torch.tensor([teacher for _, _, teacher in drawn])


def main():
    args = arguments()
    log = start(args, f"train-{args.output.name}")
    lists = Lists(args.work, args)
    tokenizer = PairTokenizer(args.work / "tokenizer")
    trainer = Trainer(args)
    trainer.resume()
    progress = Progress(log, 100, "% of the run")
    loss_mean = first_mean = None
    begun, tokens = time.time(), 0
    while trainer.share_done() < 1:
        pairs, teacher = batch(lists, tokenizer, trainer.done, args.tokens_max)
        loss, first = trainer.step(pairs, teacher)
        tokens += sum(len(ids) for ids, _ in pairs)
        loss_mean = loss if loss_mean is None else 0.97 * loss_mean + 0.03 * loss
        first_mean = first if first_mean is None else 0.97 * first_mean + 0.03 * first
        rate = tokens / (time.time() - begun)
        progress.update(100 * trainer.share_done(), f"step {trainer.done} loss {loss_mean:.4f} "
                        f"first {first_mean:.3f} {rate:.0f} tokens/s")
        if trainer.done % args.save == 0 or trainer.share_done() >= 1:
            trainer.save()


if __name__ == "__main__":
    main()
