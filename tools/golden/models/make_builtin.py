"""Makes tests/golden/builtin/pinned_pairs.json: logits of models/builtin by transformers in float64.

The same as `tools/train/export.py --pinned` writes beside a new model; this one takes the model as it
is committed. everyday.json beside it is written by hand.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "train"))

from export import pinned_logits  # noqa: E402  (found by the line above)

OUT = ROOT / "tests" / "golden" / "builtin" / "pinned_pairs.json"


def main() -> None:
    rows = pinned_logits(ROOT / "models" / "builtin")
    OUT.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"builtin: {len(rows)} pinned pairs")


if __name__ == "__main__":
    main()
