#!/usr/bin/env bash
# What the three features do for a fleet: starts Redis and the servers, sends the same seeded load through all of them
# with one feature more each time, and prints one table.
#
#   scripts/fleet_scenario.sh [--servers 3] [--rps 50] [--duplicates 0.4] [--seconds 20] [--seed 1]
#                             [--model DIR] [--documents N] [--program build/release/bin/rerankd]
#
# Each server has --threads 1. --model is a checkpoint, or a shape with random weights (minilm-l6, the default). --documents
# is chosen so that the first row's rate is about 70 % of what it can do.
# Everything listens on loopback and ends with the script. Needs redis-server, redis-cli, curl and jq.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/loopback.sh
source "$root/scripts/loopback.sh"

servers=3
rps=50
duplicates=0.4
seconds=20
seed=1
model=minilm-l6
documents=0
program=$root/build/release/bin/rerankd

usage() {
  sed -n '2,10p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --servers | --rps | --duplicates | --seconds | --seed | --model | --documents | --program)
      [[ $# -ge 2 ]] || { usage >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done

say() {
  printf '%s\n' "$*" >&2
}

for needed in redis-server redis-cli curl jq "$program"; do
  command -v "$needed" >/dev/null || { say "fleet_scenario.sh: $needed is not there"; exit 1; }
done

work=$(mktemp -d)
redis_pid=
server_pids=()
urls=()

# ended_well NAME PID: waits for the end of a process that was told to end; anything but a clean end is a failure.
ended_well() {
  wait "$2" && return 0
  say "$1 ended with status $?"
  return 1
}

stop_servers() {
  local pid status=0
  for pid in "${server_pids[@]}"; do
    kill -TERM "$pid" || status=1
  done
  for pid in "${server_pids[@]}"; do
    ended_well "a server" "$pid" || status=1
  done
  server_pids=()
  urls=()
  return "$status"
}

clean_up() {
  local status=$?
  stop_servers || status=1
  if [[ -n $redis_pid ]]; then
    kill "$redis_pid" || status=1
    ended_well "redis-server" "$redis_pid" || status=1
  fi
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT

# start_servers NAME=VALUE…: the fleet with these settings, ready.
start_servers() {
  local number log
  for number in $(seq "$servers"); do
    log=$work/server$number.log
    env RERANKER_MODEL="$model" "$@" "$program" serve --host 127.0.0.1 --port 0 --threads 1 >"$log" 2>&1 &
    server_pids+=("$!")
  done
  for number in $(seq "$servers"); do
    log=$work/server$number.log
    for _ in $(seq 600); do
      grep -q ' ready$' "$log" && break
      sleep 0.1
    done
    grep -q ' ready$' "$log" || { say "a server did not start:"; cat "$log" >&2; return 1; }
    urls+=("http://127.0.0.1:$(sed -n 's/.* listening .*port=\([0-9]*\).*/\1/p' "$log")")
  done
}

# load OPTION…: one run through all servers; its JSON.
load() {
  local url targets=()
  for url in "${urls[@]}"; do
    targets+=(--url "$url")
  done
  "$program" load "${targets[@]}" --documents "$documents" --duplicates "$duplicates" --json "$@"
}

computed_pairs() {
  local url
  for url in "${urls[@]}"; do
    curl -sf "$url/metrics"
  done | awk '/^reranker_pairs_total\{source="computed"\}/ { sum += $2 } END { printf "%d", sum }'
}

# MiB of private memory, the mean of the servers.
memory_per_server() {
  local pid
  for pid in "${server_pids[@]}"; do
    cat "/proc/$pid/smaps_rollup"
  done | awk -v n="$servers" '/^Pss_Anon:/ { sum += $2 } END { printf "%.0f", sum / n / 1024 }'
}

# Redis must be up before the load, and know nothing.
settle_redis() {
  redis-cli -p "$redis_port" flushall >/dev/null
  [[ $1 == on ]] || return 0
  local url
  for url in "${urls[@]}"; do
    for _ in $(seq 50); do
      curl -sf "$url/health" | jq -e '.distributed_cache.connected' >/dev/null && break
      sleep 0.1
    done
  done
}

print_row() {
  printf '%-18s %9s %8s %8s %11s %8s %9s %9s %9s %9s %8s\n' "$@"
}

# row NAME on|off NAME=VALUE…
row() {
  local name=$1 redis=$2 before after paced full asked distinct
  shift 2
  start_servers REDIS_URL="redis://127.0.0.1:$redis_port/0" "$@"
  settle_redis "$redis"
  load --seed "$((seed + 1000))" -n 60 -c 6 >/dev/null  # warm
  before=$(computed_pairs)
  paced=$(load --seed "$seed" --rate "$rps" -n "$((rps * seconds))" -c 64)
  after=$(computed_pairs)
  full=$(load --seed "$((seed + 1))" -n "$((rps * seconds))" -c "$((4 * servers))")
  asked=$(jq ".status[\"200\"] // 0 | . * $documents" <<<"$paced")
  distinct=$(jq ".distinct_requests * $documents" <<<"$paced")
  print_row "$name" \
    "$(jq '.requests_per_s * 10 | round / 10' <<<"$paced")" \
    "$(jq '.latency_ms.p50 * 10 | round / 10' <<<"$paced")" \
    "$(jq '.latency_ms.p99 * 10 | round / 10' <<<"$paced")" \
    "$(jq '.requests_per_s * 10 | round / 10' <<<"$full")" \
    "$(memory_per_server)" "$asked" "$distinct" "$((after - before))" \
    "$(awk -v a="$asked" -v d="$distinct" -v c="$((after - before))" \
      'BEGIN { if (a > d) printf "%.1f%%", 100 * (a - c) / (a - d); else printf "-" }')" \
    "$(awk -v a="$asked" -v c="$((after - before))" 'BEGIN { if (a > 0) printf "%.1f%%", 100 * (a - c) / a; else printf "-" }')"
  stop_servers
}

choose_documents() {
  documents=4
  start_servers REDIS_ENABLED=false
  local measured
  load --seed "$((seed + 2000))" -n 60 -c 6 >/dev/null
  measured=$(load --seed "$((seed + 2001))" -n "$((rps * 6))" -c "$((4 * servers))" | jq '.pairs_per_s')
  stop_servers
  documents=$(awk -v p="$measured" -v r="$rps" 'BEGIN { d = int(0.7 * p / r + 0.5); print d < 1 ? 1 : d }')
  say "all off carries $(awk -v p="$measured" 'BEGIN { printf "%.0f", p }') pairs/s: $documents documents a request"
}

if [[ $model == minilm-l6 || $model == bert-base ]]; then
  "$(dirname "$program")/random_checkpoint" --shape "$model" --tokenizer "$root/models/builtin" --out "$work/model"
  model=$work/model
fi
start_own_redis "$work"
if [[ $documents == 0 ]]; then
  choose_documents
fi
printf '%s servers, %s requests/s for %s s, %s documents each, %s of the requests repeat an earlier one, model %s, seed %s\n' \
  "$servers" "$rps" "$seconds" "$documents" "$duplicates" "$model" "$seed"
print_row 'settings' 'answered/s' 'p50 ms' 'p99 ms' 'saturated/s' 'MiB each' 'asked' 'distinct' 'computed' 'avoidable' 'of all'
redis_on=(REDIS_ENABLED=true)
batching=(MICRO_BATCH_ENABLED=true MICRO_BATCH_WINDOW_MS=10.0)
row 'all off' off REDIS_ENABLED=false
row 'Redis' on "${redis_on[@]}"
row '+ micro-batching' on "${redis_on[@]}" "${batching[@]}"
row '+ bf16' on "${redis_on[@]}" "${batching[@]}" QUANTIZATION=bf16 ENABLE_MIXED_PRECISION=true
row '+ int8' on "${redis_on[@]}" "${batching[@]}" QUANTIZATION=int8
say "pairs: asked and computed at the given rate; avoidable = share of (asked - distinct) that was not computed"
say "Redis: $(redis-cli -p "$redis_port" info memory | sed -n 's/^used_memory_human:\([^\r]*\).*/\1/p') used"
