# Servers with one thread, a Redis of their own, and what they are asked: shared by the tests that start them. Sourced,
# never run.
#
# Who sources this has set `rerankd`. The current folder becomes a temporary one, and everything in it and every process
# in `pid` ends with the script.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # rerankd comes from the script that sources this; it uses the rest
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/loopback.sh
source "$source_dir/scripts/loopback.sh"
for needed in redis-server redis-cli curl jq; do
  if ! command -v "$needed" >/dev/null; then
    echo "SKIPPED: $needed is not installed"
    exit 77
  fi
done
work=$(mktemp -d)
failures=0
declare -A pid port

clean_up() {
  local number
  for number in "${pid[@]}"; do
    kill -CONT "$number" 2>/dev/null || true  # one that was killed by the test is gone already
    kill -KILL "$number" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap clean_up EXIT
cd "$work" || exit 1

fail() {
  failures=$((failures + 1))
  echo "$*"
}

redis() {
  redis-cli -p "$redis_port" "$@"
}

# random_model FOLDER SEED: a checkpoint of MiniLM-L6's shape.
random_model() {
  "$(dirname "$rerankd")/random_checkpoint" --shape minilm-l6 --tokenizer "$source_dir/models/builtin" --out "$1" --seed "$2"
}

# health NAME FILTER: whether /health answers 200 and the filter holds.
health() {
  curl -sf --max-time 5 "127.0.0.1:${port[$1]}/health" | jq -e "$2" >/dev/null
}

# serve NAME PORT VARIABLE=VALUE…: a server that is ready, and connected where it has a Redis. It keeps no scores in its
# own memory.
serve() {
  local name=$1 at=$2 log=$1.log
  shift 2
  : >"$log"
  env ENABLE_PREDICTION_CACHE=false "$@" "$rerankd" serve --host 127.0.0.1 --port "$at" --threads 1 2>"$log" &
  pid[$name]=$!
  for _ in $(seq 600); do
    port[$name]=$(sed -n 's/.*listening.* port=\([0-9]*\).*/\1/p' "$log")
    if [[ -n ${port[$name]} ]] &&
      health "$name" '.status == "ok" and (.distributed_cache | .connected or (.enabled | not))'; then
      return 0
    fi
    sleep 0.1
  done
  cat "$log"
  return 1
}

# end NAME: SIGTERM and its end.
end() {
  kill -TERM "${pid[$1]}"
  wait "${pid[$1]}" || fail "$1 ended with $?"
  unset "pid[$1]"
}

# ask NAME FILE-OF-BODY FILE-OF-ANSWER: prints the status and the seconds.
ask() {
  curl -s --max-time 60 -o "$3" -w '%{http_code} %{time_total}\n' "127.0.0.1:${port[$1]}/rerank" \
    -H 'Content-Type: application/json' --data-binary "@$2" || true  # a killed server's status is 000
}

# scores FILE-OF-ANSWER…: by document, one line each.
scores() {
  jq -c '[.results | sort_by(.index)[] | .relevance_score]' "$@"
}

# metric NAME SERIES
metric() {
  curl -s --max-time 5 "127.0.0.1:${port[$1]}/metrics" | sed -n "s/^$2 //p"
}
