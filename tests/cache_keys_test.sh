#!/usr/bin/env bash
# What may not share scores does not, on a real Redis: servers of the same settings find each other's scores, and
# whatever changes a score (weights, template, dtype, arithmetic, maximum length, truncation) makes every pair a miss.
#
#   tests/cache_keys_test.sh RERANKD
#
# Exit 77 (skipped) without redis-server; exit 1 names every check that failed.
set -euo pipefail
rerankd=$(realpath "$1")
# shellcheck source=tests/servers.sh
source "$(dirname "${BASH_SOURCE[0]}")/servers.sh"

settings() {  # NAME VARIABLE=VALUE…: a server with these settings and otherwise those of all.
  local name=$1
  shift
  serve "$name" "$(free_port)" REDIS_ENABLED=true REDIS_URL="redis://127.0.0.1:$redis_port/0" REDIS_TIMEOUT_MS=5000 \
    RERANKER_MODEL="$work/model" QUANTIZATION=none RERANKER_ISA=auto RERANKER_MAX_LENGTH=128 "$@"
}

# cached NAME CHANGES: how many of the three pairs came from Redis, when the request is changed by this filter.
cached() {
  jq -nc "{query: \"which is a city?\", documents: [\"Paris\", \"a banana\", \"a long road\"]} | $2" >body.json
  [[ $(ask "$1" body.json answer.json) == 200* ]] || fail "$1, $2: $(cat answer.json)"
  jq '.usage.cached_pairs' answer.json
}

# expect COUNT WHAT NAME CHANGES
expect() {
  local count
  count=$(cached "$3" "$4")
  [[ $count == "$1" ]] || fail "$2: $count of 3 pairs came from Redis instead of $1"
}

# A server with these settings finds nothing that another one stored, and then what it stored itself.
apart() {  # WHAT VARIABLE=VALUE…
  local what=$1
  settings other "${@:2}"
  expect 0 "another $what" other .
  expect_stored "another $what" other .
  end other
}

# Stores never delay an answer, so they may still be under way.
expect_stored() {  # WHAT NAME CHANGES
  for _ in $(seq 100); do
    [[ $(cached "$2" "$3") == 3 ]] && return 0
    sleep 0.05
  done
  fail "$1: what was stored is not found"
}

start_own_redis "$work"
pid[redis]=$redis_pid
random_model model 1
random_model weights 2
cp -r model template
jq '(.post_processor.pair[] | select(.Sequence.id? == "B").Sequence.type_id) = 0' model/tokenizer.json \
  >template/tokenizer.json
cmp -s model/tokenizer.json template/tokenizer.json && fail "the template is the same"

settings first
expect 0 "an empty Redis" first .
expect_stored "the same server" first .
settings second
expect 3 "the same settings" second .
end second

apart "model of the same shape" RERANKER_MODEL="$work/weights"
apart "template" RERANKER_MODEL="$work/template"
apart "dtype, bf16," QUANTIZATION=bf16
apart "dtype, int8," QUANTIZATION=int8
apart "instruction set" RERANKER_ISA=generic
apart "maximum length" RERANKER_MAX_LENGTH=64

for change in '.truncation_side = "left"' '.max_tokens_per_doc = 64' '.max_tokens_per_query = 64'; do
  expect 0 "a request with $change" first "$change"
  expect_stored "a request with $change" first "$change"
done
# What changes only the answer shares the scores.
for change in . '.top_n = 1' '.raw_scores = true' '.truncate = false'; do
  expect 3 "a request with $change" first "$change"
done
end first
echo "cache_keys_test: $failures failures"
[[ $failures == 0 ]]
