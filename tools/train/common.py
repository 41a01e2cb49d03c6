"""What every stage shares: arguments, log, seeds, device, atomic files."""

import argparse
import json
import logging
import os
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch


def parser(description):
    """An argument parser with the options all stages know."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--work", type=Path, required=True, help="folder of the stages' outputs")
    result.add_argument("--seed", type=int, default=7, help="seed of all random choices")
    result.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads of torch")
    return result


def start(args, stage):
    """Seeds everything, opens the log `<work>/<stage>.log`, and returns the logger."""
    args.work.mkdir(parents=True, exist_ok=True)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    log = logging.getLogger(stage)
    log.setLevel(logging.INFO)
    for handler in (logging.StreamHandler(sys.stderr), logging.FileHandler(args.work / f"{stage}.log")):
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s", "%H:%M:%S"))
        log.addHandler(handler)
    log.info("arguments: %s", " ".join(f"{k}={v}" for k, v in vars(args).items()))
    return log


def device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Progress:
    """Logs a rate and the time left at most every `every_s` seconds."""

    def __init__(self, log, total, unit, every_s=20, begun=0):
        self.log, self.total, self.unit, self.every_s, self.begun = log, total, unit, every_s, begun
        self.start = self.last = time.time()

    def elapsed_s(self):
        return max(time.time() - self.start, 1e-9)

    def update(self, done, note=""):
        now = time.time()
        if now - self.last < self.every_s and done < self.total:
            return
        self.last = now
        rate = (done - self.begun) / self.elapsed_s()
        left = (self.total - done) / max(rate, 1e-9)
        self.log.info("%d/%d %s, %.2f/s, %.0f s left %s", done, self.total, self.unit, rate, left, note)


def write_atomically(path, write):
    """Calls `write(temporary path)`, then moves the result to `path`."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part{path.suffix}")
    write(temporary)
    os.replace(temporary, path)


def write_json_lines(path, rows):
    def write(temporary):
        with open(temporary, "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    write_atomically(path, write)


def read_json_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
