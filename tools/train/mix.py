"""The weighted mean of models of one shape and vocabulary, such as a run's end and its start.

    python mix.py --output FOLDER MODEL=SHARE [MODEL=SHARE ...]

The mean is on the int8 grid again (int8_grid.py). The shares must sum to 1. Choose them on the development split (evaluate.py).
"""

import argparse
import math
from pathlib import Path

import torch
from transformers import BertForSequenceClassification

from int8_grid import on_grid


def mean_of(states, shares):
    """The weighted mean of each tensor of several states with equal names and shapes."""
    if not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        raise ValueError(f"shares sum to {sum(shares)}, not to 1")
    names = states[0].keys()
    if any(state.keys() != names for state in states):
        raise ValueError("models of different shape")
    return {name: sum(share * state[name].float() for share, state in zip(shares, states))
            for name in names}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL=SHARE")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    folders, shares = zip(*(model.rsplit("=", 1) for model in arguments.models))
    models = [BertForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
              for folder in folders]
    mean = mean_of([model.state_dict() for model in models], [float(share) for share in shares])
    models[0].load_state_dict(on_grid(mean))
    models[0].save_pretrained(arguments.output)


if __name__ == "__main__":
    main()
