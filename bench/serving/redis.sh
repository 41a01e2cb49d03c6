#!/usr/bin/env bash
# The figures of the distributed cache, measured over HTTP on one machine with a Redis of its own.
#
#   bench/serving/redis.sh [--model DIR] [--dtype bf16] [--threads N] [--rounds 9] FIGURE…
#
#   hits     20 documents of 200 characters, then 1,000, all in Redis and none in memory: latency at 1 client
#   herd     one request of 30 documents, 100 times at once to each of 3 servers, 20 runs: pairs computed, answers
#   memory   bytes of Redis a pair at 20, 100 and 1,000 documents a query, over 100,000 pairs
#   allmiss  20 documents of 128 tokens that nobody knows: throughput with Redis against without
#   breaker  memory hits without Redis, with a Redis that has stopped answering, and while that is found out
#   back     Redis killed and started anew, then stopped and continued: until /health says connected again
#
# Medians with least and greatest of --rounds runs. One JSON line a figure on stdout. Needs redis-server, wrk and jq.
set -euo pipefail
# shellcheck source=bench/serving/servers.sh
source "$(dirname "${BASH_SOURCE[0]}")/servers.sh"
# shellcheck source=scripts/loopback.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/loopback.sh"
read_options "$@"

# The figure's own Redis; ends with its servers.
start_redis() {
  start_own_redis "$work" taskset -c 1
  pid[redis]=$redis_pid
}

# start_sharing NAME CPUS NAME=VALUE…: a server that is connected.
start_sharing() {
  start "$@" REDIS_ENABLED=true REDIS_URL="redis://127.0.0.1:$redis_port/0"
  for _ in $(seq 100); do
    [[ $(health "${url[$1]}" .distributed_cache.connected) == true ]] && return 0
    sleep 0.05
  done
  echo "no connection to Redis" >&2
  return 1
}

figure_hits() {
  start_redis
  threads=1 start_sharing on 0 ENABLE_PREDICTION_CACHE=false
  local round documents n wanted results=()
  for documents in 20 1000; do
    n=$((documents == 20 ? 20000 : 400))
    wanted=(--distinct 1 --documents "$documents" --tokens 33 --fields '{"return_documents":false}' --seed 1)
    "$program" load --url "${url[on]}" "${wanted[@]}" -n 50 -c 1 >/dev/null 2>&1
    : >"$work/hits$documents.jsonl"
    for ((round = 0; round < 5; ++round)); do
      taskset -c 1 "$program" load --url "${url[on]}" "${wanted[@]}" -n "$n" -c 1 --json 2>/dev/null \
        >>"$work/hits$documents.jsonl"
    done
    results+=("p50_ms_$documents" "$(of "$work/hits$documents.jsonl" .latency_ms.p50)"
      "p99_ms_$documents" "$(of "$work/hits$documents.jsonl" .latency_ms.p99)")
  done
  report redis_hits "${results[@]}" live_p99_ms "$(live_p99_ms "${url[on]}")" \
    computed "$(metric "${url[on]}" 'reranker_pairs_total{source="computed"}')"
}

figure_herd() {
  start_redis
  local name run number sum before wanted=(REDIS_TIMEOUT_MS=2000 REDIS_LEASE_MS=10000)
  for name in a b c; do
    threads=1 start_sharing "$name" all "${wanted[@]}"
  done
  : >"$work/herd.jsonl"
  for run in $(seq 20); do
    before=0
    for name in a b c; do
      before=$((before + $(metric "${url[$name]}" 'reranker_pairs_total{source="computed"}')))
    done
    jq -nc --arg run "$run" '{query: "run \($run)", return_documents: false,
      documents: [range(30) | "document \(.) of run \($run) " + ([range(80) | "word\(. * 7 % 10)"] | join(" "))]}' \
      >"$work/herd.json"
    for number in $(seq 100); do
      for name in a b c; do
        printf 'url = "%s/rerank"\ndata-binary = "@%s"\noutput = "%s"\nsilent\nnext\n' \
          "${url[$name]}" "$work/herd.json" "$work/answer.$name.$number"
      done
    done | sed '$d' >"$work/herd.curl"
    curl --no-progress-meter --parallel --parallel-immediate --parallel-max 300 -K "$work/herd.curl"
    sum=$((-before))
    for name in a b c; do
      sum=$((sum + $(metric "${url[$name]}" 'reranker_pairs_total{source="computed"}')))
    done
    jq -nc --argjson computed "$sum" \
      --argjson answers "$(cat "$work"/answer.* | jq -c '[.results[] | [.index, .relevance_score]]' | sort -u | wc -l)" \
      --argjson answered "$(cat "$work"/answer.* | jq -c 'select(.results)' | wc -l)" \
      '{computed: $computed, different_answers: $answers, answered: $answered}' >>"$work/herd.jsonl"
    rm -f "$work"/answer.*
  done
  report redis_herd runs "$(jq -sc 'length' "$work/herd.jsonl")" \
    computed_30 "$(jq -sc '[.[] | select(.computed == 30)] | length' "$work/herd.jsonl")" \
    computed "$(jq -sc '[.[].computed] | unique' "$work/herd.jsonl")" \
    answered "$(jq -sc '[.[].answered] | unique' "$work/herd.jsonl")" \
    different_answers "$(jq -sc '[.[].different_answers] | unique' "$work/herd.jsonl")"
}

redis_bytes() {
  redis-cli -p "$redis_port" info memory | sed -n 's/^used_memory:\([0-9]*\).*/\1/p'
}

figure_memory() {
  start_redis
  start_sharing on all ENABLE_PREDICTION_CACHE=false
  local documents before after results=()
  for documents in 20 100 1000; do
    redis-cli -p "$redis_port" flushall >/dev/null
    sleep 1
    before=$(redis_bytes)
    load "${url[on]}" -n $((100000 / documents)) -c 8 --documents "$documents" --tokens 8 >/dev/null
    sleep 6  # leases and their keys are gone
    after=$(redis_bytes)
    results+=("bytes_a_pair_$documents" "$(jq -n "($after - $before) / 100000")")
  done
  report redis_memory "${results[@]}"
}

figure_allmiss() {
  start_redis
  start off all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  start_sharing on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  load "${url[off]}" -n 40 -c 8 --documents 20 --tokens 118 >/dev/null
  load "${url[on]}" -n 40 -c 8 --documents 20 --tokens 118 >/dev/null
  alternate off on -n 100 -c 8 --documents 20 --tokens 118
  report redis_allmiss throughput_ratio "$(of "$work/pairs.jsonl" '.[1].requests_per_s / .[0].requests_per_s')" \
    requests_per_s_off "$(of "$work/off.jsonl" .requests_per_s)" requests_per_s_on "$(of "$work/on.jsonl" .requests_per_s)"
}

figure_breaker() {
  start_redis
  threads=1 start off 0
  threads=1 start_sharing on 0 CACHE_TTL_SECONDS=3600
  local wanted=(--distinct 1 --documents 20 --tokens 33 --fields '{"return_documents":false}' --seed 1)
  local mixed=(--documents 1 --tokens 15 -n 40 -c 1 --seed 77) name
  for name in off on; do
    "$program" load --url "${url[$name]}" "${wanted[@]}" -n 200 -c 1 >/dev/null 2>&1
    taskset -c 1 "$program" load --url "${url[$name]}" "${wanted[@]}" -n 20000 -c 1 --json 2>/dev/null >"$work/$name.json"
  done
  kill -STOP "${pid[redis]}"
  taskset -c 1 "$program" load --url "${url[on]}" "${mixed[@]}" --json 2>/dev/null >"$work/opening.json"
  taskset -c 1 "$program" load --url "${url[on]}" "${wanted[@]}" -n 20000 -c 1 --json 2>/dev/null >"$work/open.json"
  local open
  open=$(metric "${url[on]}" reranker_redis_breaker_open)
  kill -CONT "${pid[redis]}"
  report redis_breaker without_p99_ms "$(jq .latency_ms.p99 "$work/off.json")" \
    with_p99_ms "$(jq .latency_ms.p99 "$work/on.json")" breaker_open "$open" \
    open_hits_p99_ms "$(jq .latency_ms.p99 "$work/open.json")" \
    misses_while_opening_max_ms "$(jq .latency_ms.max "$work/opening.json")"
}

# is_connected true|false: waits until /health of `on` says so; at most 10 s.
is_connected() {
  for _ in $(seq 1000); do
    [[ $(health "${url[on]}" .distributed_cache.connected) == "$1" ]] && return 0
    sleep 0.005
  done
  echo "/health does not say connected $1" >&2
  return 1
}

figure_back() {
  start_redis
  threads=1 start_sharing on 0
  local round begun
  : >"$work/back.jsonl"
  for ((round = 0; round < rounds; ++round)); do
    kill -KILL "${pid[redis]}"
    wait "${pid[redis]}" || true  # killed here
    is_connected false
    sleep "2.$RANDOM"  # any moment of the longest back-off
    begun=$EPOCHREALTIME
    start_redis_at "$redis_port" "$work" taskset -c 1
    pid[redis]=$redis_pid
    is_connected true
    jq -nc "{how: \"restarted\", ms: (1000 * ($EPOCHREALTIME - $begun))}" >>"$work/back.jsonl"
    kill -STOP "${pid[redis]}"
    is_connected false
    sleep "2.$RANDOM"
    begun=$EPOCHREALTIME
    kill -CONT "${pid[redis]}"
    is_connected true
    jq -nc "{how: \"continued\", ms: (1000 * ($EPOCHREALTIME - $begun))}" >>"$work/back.jsonl"
  done
  report redis_back restarted_ms "$(of "$work/back.jsonl" 'select(.how == "restarted").ms')" \
    continued_ms "$(of "$work/back.jsonl" 'select(.how == "continued").ms')"
}

run_figures
