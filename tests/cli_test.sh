#!/usr/bin/env bash
# Runs the program as a user does: commands, exit codes, what goes to stdout and what to stderr.
#
#   tests/cli_test.sh RERANKD
#
# Needs the built-in model. Exit 1 names every check that failed.
set -euo pipefail
rerankd=$(realpath "$1")
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
server_pid=
failures=0

clean_up() {
  if [[ -n $server_pid ]] && kill -0 "$server_pid" 2>/dev/null; then
    kill -KILL "$server_pid"
  fi
  rm -rf "$work"
}
trap clean_up EXIT
cd "$work"

# run STATUS COMMAND…: runs it with output in `out` and `err`, and checks the exit status.
run() {
  local wanted=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  if [[ $status != "$wanted" ]]; then
    failures=$((failures + 1))
    echo "exit $status instead of $wanted: $*"
    sed 's/^/  /' err
  fi
}

has() {  # FILE TEXT
  if ! grep -qF -- "$2" "$1"; then
    failures=$((failures + 1))
    echo "$1 lacks: $2"
    head -n 5 "$1" | sed 's/^/  /'
  fi
}

lacks() {  # FILE TEXT
  if grep -qF -- "$2" "$1"; then
    failures=$((failures + 1))
    echo "$1 must not hold: $2"
  fi
}

is_empty() {  # FILE
  if [[ -s $1 ]]; then
    failures=$((failures + 1))
    echo "$1 is not empty:"
    head -n 5 "$1" | sed 's/^/  /'
  fi
}

equals() {  # WHAT ACTUAL WANTED
  if [[ $2 != "$3" ]]; then
    failures=$((failures + 1))
    echo "$1: \"$2\" instead of \"$3\""
  fi
}

# Usage
run 2 "$rerankd"
run 0 "$rerankd" --help
has out 'rank'
run 0 "$rerankd" rank --help
has out 'Examples:'
run 2 "$rerankd" frobnicate
run 2 "$rerankd" rank
run 2 "$rerankd" rank --query q --no-such-flag
run 2 "$rerankd" config --threads -1
has err '--threads'
run 2 "$rerankd" config --micro-batch-window-ms nan
run 2 "$rerankd" config --micro-batch-max-size 0
run 2 "$rerankd" config --quantization int7
run 2 "$rerankd" config --isa sse
run 2 env REDIS_URL=http://u:hunter2@h "$rerankd" config
has err 'allowed'
lacks err hunter2
run 2 "$rerankd" serve --redis-enabled true --redis-key-prefix 'a b'
has err 'REDIS_KEY_PREFIX'
equals 'lines of an error' "$(wc -l <err)" 1

# Options
for window in -1 600000.5 nan; do
  run 2 env MICRO_BATCH_WINDOW_MS="$window" "$rerankd" config
  has err 'MICRO_BATCH_WINDOW_MS'
done
run 0 "$rerankd" config --port 8123
has out 'RERANKER_PORT=8123'
run 0 env RERANKER_PORT=tcp://10.0.0.1:8000 RERANKER_SERVICE_HOST=10.0.0.1 "$rerankd" config
has out 'RERANKER_PORT=8000'
is_empty err
run 0 env RERANKER_PROT=1 "$rerankd" config
has err 'RERANKER_PROT'
printf 'PORT=8200\nLOG_LEVEL=warn\n' >some.env
run 0 env LOG_LEVEL=error "$rerankd" config --config some.env
has out 'RERANKER_PORT=8200'
has out 'LOG_LEVEL=error'
run 2 "$rerankd" config --config missing.env
run 0 "$rerankd" config --warmup-on-start false
has out 'WARMUP_ON_START=false'
run 0 "$rerankd" config --json
run 0 "$rerankd" version
has out 'commit'
run 0 "$rerankd" version --json

# Scoring
printf 'Berlin is the capital of Germany.\nParis is the capital and largest city of France.\n' >documents.txt
run 0 "$rerankd" rank --query 'what is the capital of France?' documents.txt
equals 'lines of rank' "$(wc -l <out)" 2
equals 'the best document' "$(head -n 1 out | cut -d ' ' -f 1,3,4)" '1 1 Paris'
run 0 "$rerankd" rank --query 'what is the capital of France?' --top-n 1 --json <documents.txt
has out '{"results":[{"index":1,"relevance_score":'
run 2 "$rerankd" rank --query ' ' documents.txt
run 1 "$rerankd" rank --query q missing.txt
run 0 "$rerankd" rank --query q - </dev/null
is_empty out
printf '"a"\n{"x":1}\n' >bad.jsonl
run 1 "$rerankd" rank --query q bad.jsonl
has err 'bad.jsonl:2'

printf '%s\n' '{"query":"q","document":"d"}' '{"query":"","document":""}' '{"query":"q","document":"d"}' >pairs.jsonl
run 0 "$rerankd" score pairs.jsonl
equals 'lines of score' "$(wc -l <out)" 3
equals 'the same pair twice' "$(sed -n 1p out)" "$(sed -n 3p out)"
has out '"truncated":false'
run 1 "$rerankd" score bad.jsonl
run 0 "$rerankd" tokenize pairs.jsonl
has out '"token_type_ids":['
for isa in generic avx2; do
  run 0 "$rerankd" score --isa "$isa" --threads 1 pairs.jsonl
done
run 1 "$rerankd" score --device cuda pairs.jsonl
has err 'no CUDA'

# Models
run 0 "$rerankd" check
has out 'can be served'
run 1 "$rerankd" check --model ./nowhere
run 1 env HF_HOME="$work" "$rerankd" check --model org/absent --json
has out '"servable":false'
mkdir broken && printf '{}' >broken/config.json
run 1 "$rerankd" check --model ./broken

# Evaluation
mkdir tiny
printf '%s\n' '{"_id":"d1","title":"","text":"Berlin is the capital of Germany."}' \
  '{"_id":"d2","title":"Paris","text":"is the capital and largest city of France."}' >tiny/corpus.jsonl
printf '%s\n' '{"_id":"q1","text":"what is the capital of France?"}' >tiny/queries.jsonl
printf 'query-id\tcorpus-id\tscore\nq1\td2\t1\n' >tiny/qrels.tsv
printf 'query-id\tcorpus-id\trank\tscore\nq1\td1\t1\t2.0\nq1\td2\t2\t1.0\n' >tiny/bm25_top100.tsv
run 0 "$rerankd" eval tiny --json --run-out tiny.trec
has out '"first_stage":{"ndcg@10":0.63'
has out '"reranked":{"ndcg@10":1.0,"mrr@10":1.0,"map":1.0,"recall@100":1.0}'
has tiny.trec 'q1 Q0 d2 1 '
run 1 "$rerankd" eval tiny/nowhere

# A served model of a known size, for load and fleet runs
random_checkpoint=$(dirname "$rerankd")/random_checkpoint
run 0 "$random_checkpoint" --shape minilm-l6 --tokenizer "$source_dir/models/builtin" --out minilm
run 0 "$rerankd" check --model minilm
run 1 "$random_checkpoint" --shape minilm-l6 --tokenizer nowhere --out minilm
run 2 "$random_checkpoint" --shape none --tokenizer "$source_dir/models/builtin" --out minilm

# A weight that bf16 cannot hold: no score, 500, and counted. The largest float32 goes where layer 0's first weight is.
header=$(od -An -t u8 -N 8 minilm/model.safetensors | tr -d ' ')
begin=$(dd if=minilm/model.safetensors bs=8 skip=1 count=$((header / 8)) 2>/dev/null |
  grep -o '"bert.encoder.layer.0.attention.self.query.weight":{[^}]*}' | sed 's/.*"data_offsets":\[\([0-9]*\),.*/\1/')
printf '\xff\xff\x7f\x7f' | dd of=minilm/model.safetensors bs=1 seek=$((8 + header + begin)) conv=notrunc 2>/dev/null
run 0 "$rerankd" check --model minilm
run 1 "$rerankd" serve --host 127.0.0.1 --port 0 --model minilm --dtype bf16
has err 'not finite'
"$rerankd" serve --host 127.0.0.1 --port 0 --model minilm --dtype bf16 --warmup-on-start false 2>server.log &
server_pid=$!
for _ in $(seq 300); do
  port=$(sed -n 's/.*listening.* port=\([0-9]*\).*/\1/p' server.log)
  if [[ -n $port ]] && curl -fsS "127.0.0.1:$port/ready" >/dev/null 2>&1; then
    break
  fi
  sleep 0.1
done
run 0 curl -sS -w '%{http_code}' "127.0.0.1:$port/rerank" -d '{"query":"q","documents":["a"]}'
has out '500'
lacks out '"score"'
run 0 curl -sS "127.0.0.1:$port/metrics"
has out 'reranker_nonfinite_total 1'
kill -TERM "$server_pid"
run 0 wait "$server_pid"
server_pid=
rm -r minilm

# Downloads (the rest of it: hub_download_test.cpp)
run 2 "$rerankd" pull
run 2 "$rerankd" pull ../up
has err 'no Hub id'
run 2 "$rerankd" pull org/name@../up
run 1 env HF_HUB_OFFLINE=true "$rerankd" pull org/name
has err 'HF_HUB_OFFLINE'
run 1 env HF_HOME="$work/hub" HF_ENDPOINT=http://127.0.0.1:1 HF_TOKEN=hunter2 "$rerankd" pull org/name
has err '127.0.0.1'
lacks err hunter2
run 1 env HF_HOME="$work/hub" "$rerankd" serve --model org/name
has err 'rerankd pull org/name'

# Limits: threads beyond the cpuset work and are said; a dtype or an instruction set that is none is wrong usage
run 2 "$rerankd" score --threads=-1 pairs.jsonl
run 2 "$rerankd" score --threads 1025 pairs.jsonl
has err 'threads'
run 0 taskset -c "$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')" "$rerankd" score --threads 3 pairs.jsonl
has err 'more threads than CPUs'
run 2 "$rerankd" score --dtype int7 pairs.jsonl
run 2 "$rerankd" score --isa sse pairs.jsonl

# Quantised checkpoints: the scores of a load are those of --quantization with the same decision, bit for bit
run 0 "$rerankd" quantize --out q8 --calibration pairs.jsonl
equals 'what quantize prints' "$(<out)" q8
has err '3 calibration pairs'
run 0 "$rerankd" quantize --out qh --dtype bf16
for pair in 'q8 int8' 'qh bf16'; do
  dtype=${pair#* }
  run 0 "$rerankd" score --dtype "$dtype" pairs.jsonl
  mv out wanted
  run 0 "$rerankd" score --model "./${pair% *}" --dtype "$dtype" pairs.jsonl
  equals "scores of ${pair% *}" "$(<out)" "$(<wanted)"
done
run 0 "$rerankd" check --model ./q8
has out 'in int8'
run 0 "$rerankd" quantize --out q8-kept --calibration pairs.jsonl --p99 0
has err 'matrices kept in bf16'
has q8-kept/config.json 'bert.encoder.layer.0.attention.self.query'
run 0 "$rerankd" score --model ./q8-kept --dtype int8 pairs.jsonl
run 1 "$rerankd" quantize --out q8
has err 'is there already'
run 1 "$rerankd" quantize --model ./q8 --out twice
has err 'quantised already'
run 2 "$rerankd" quantize --out other --dtype none
run 2 "$rerankd" quantize
run 1 "$rerankd" quantize --out other --calibration missing.jsonl
if [[ -e other || -e twice ]]; then
  failures=$((failures + 1))
  echo 'a failed quantize left a folder'
fi
break_weights() {  # NAME SED-SCRIPT: q8 with its file changed
  cp -r q8 "$1"
  LC_ALL=C sed -i "$2" "$1/model.safetensors"
  run 1 "$rerankd" score --model "./$1" --dtype int8 pairs.jsonl
}
break_weights no-scale 's/word_embeddings.weight_scale/word_embeddings.weight_scalx/'
has err 'weight_scale": missing'
break_weights bad-type '0,/"I8"/s//"U8"/'
has err 'U8'
cp -r q8 no-entry
sed -i 's/rerankd_quantization/rerankd_kuantization/' no-entry/config.json
run 1 "$rerankd" check --model ./no-entry
has err 'I8 is none of'
cp -r q8 bad-entry
sed -i 's/"kept_bf16":\[\]/"kept_bf16":["bert.encoder.layer.99.output.dense"]/' bad-entry/config.json
run 1 "$rerankd" check --model ./bad-entry
has err 'kept_bf16'

# Comparison of dtypes, and the price list that a server shows
cp -rL "$("$rerankd" check --json | sed 's/.*"dir":"\([^"]*\)".*/\1/')" copy
run 0 "$rerankd" compare tiny --model ./copy --json --out copy/price_list.json
has out '"baseline":"none"'
has out '"name":"tiny","queries":1,"pairs":2'
equals 'dtypes compared' "$(grep -o '"dtype":' out | wc -l)" 3
has out '"dtype":"none","numerics":"'
has out '"kendall_tau":1.0,"top10_overlap":1.0,"max_delta_logit":0.0,"p99_delta_logit":0.0'
equals 'the file that --out names' "$(<copy/price_list.json)" "$(<out)"
run 0 "$rerankd" compare tiny --dtypes int8,fp32
has out 'against none'
run 2 "$rerankd" compare tiny --dtypes none,int7
has err 'int7'
run 2 "$rerankd" compare
run 1 "$rerankd" compare tiny/nowhere
run 1 "$rerankd" compare tiny --dtypes none --out tiny/no/such/folder
has err 'cannot be written'

# Serving
"$rerankd" serve --host 127.0.0.1 --port 0 --model ./copy 2>server.log &
server_pid=$!
port=
for _ in $(seq 300); do
  port=$(sed -n 's/.*listening.* port=\([0-9]*\).*/\1/p' server.log)
  if [[ -n $port ]] && curl -fsS "127.0.0.1:$port/ready" >/dev/null 2>&1; then
    break
  fi
  sleep 0.1
done
run 0 curl -fsS "127.0.0.1:$port/rerank" -d '{"query":"q","documents":["a","b"]}'
has out '"results":['
run 0 curl -fsS "127.0.0.1:$port/info"
has out '"price_list":{"model":"copy",'
run 1 "$rerankd" serve --host 127.0.0.1 --port "$port"
has err "$port"
lacks err price_list
run 1 "$rerankd" serve --host 127.0.0.1 --port "$port" --model ./copy --max-length 64
has err 'another maximum length'
echo '{"model":' >copy/price_list.json
run 1 "$rerankd" serve --host 127.0.0.1 --port "$port" --model ./copy
has err 'price_list.json is not served'
run 0 "$rerankd" load --url "http://127.0.0.1:$port" -n 20 -c 4 --json
has out '"status":{"200":20}'
run 0 "$rerankd" load --url "http://127.0.0.1:$port" --show-metrics
has out 'reranker_requests_total'
kill -TERM "$server_pid"
status=0
wait "$server_pid" || status=$?
server_pid=
equals 'exit status after SIGTERM' "$status" 0
has server.log 'stopped'
run 1 "$rerankd" load --url "http://127.0.0.1:$port" -n 2 -c 1
has out 'connect x 2'

echo "cli_test: $failures failures"
[[ $failures == 0 ]]
