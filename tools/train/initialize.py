"""Stage 7: writes the structured random model (structure.py) to initial/."""

import numpy as np

from common import parser, start
from structure import build


def main():
    args = parser(__doc__).parse_args()
    log = start(args, "initialize")
    tables = np.load(args.work / "token_tables.npz")
    vocabulary = args.work / "tokenizer" / "vocab.txt"
    tokens = vocabulary.read_text(encoding="utf-8").splitlines()
    model = build(tokens, tables["meaning"], tables["idf"], args.seed)
    model.save_pretrained(args.work / "initial")
    log.info("%d weights", sum(weight.numel() for weight in model.parameters()))


if __name__ == "__main__":
    main()
