"""Pairs per second against a MiniLM-L6 shape (6 x 384 x 1536, vocabulary 30522), random weights.

Both run in turn, ABBA, in one process and one dtype; prints the median ratio, least and greatest.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, BertConfig, BertForSequenceClassification


def pairs_per_second(model, ids):
    begun = time.perf_counter()
    with torch.inference_mode():
        model(ids, attention_mask=torch.ones_like(ids))
    return len(ids) / (time.perf_counter() - begun)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--tokens", type=int, default=128)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--seed", type=int, default=7)
    args = options.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    rival = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                       intermediate_size=1536, num_labels=1)
    dtype = getattr(torch, args.dtype)
    ours, theirs = (BertForSequenceClassification(config).to(dtype).eval()
                    for config in (AutoConfig.from_pretrained(args.model), rival))
    ids = torch.randint(5, ours.config.vocab_size, (args.batch, args.tokens))
    for model in (ours, theirs):
        pairs_per_second(model, ids)
    ratios = []
    for _ in range(args.rounds):
        a, b, c, d = (pairs_per_second(m, ids) for m in (ours, theirs, theirs, ours))
        ratios.append((a + d) / (b + c))
    print(f"{args.dtype} {args.batch} x {args.tokens}: {np.median(ratios):.2f} times "
          f"[{min(ratios):.2f}, {max(ratios):.2f}] the pairs/s of MiniLM-L6")


if __name__ == "__main__":
    main()
