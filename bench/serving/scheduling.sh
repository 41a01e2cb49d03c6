#!/usr/bin/env bash
# The figures of scheduling, micro-batching and the local cache, measured over HTTP on one machine.
#
#   bench/serving/scheduling.sh [--model DIR] [--dtype bf16] [--threads N] [--rounds 9] FIGURE…
#
#   bursts      10 clients, 1-4 documents of 15-40 tokens: micro-batching on against off, both against the engine alone
#   lone        one client, one request at a time: on against off
#   clients32   32 clients, one pair of 128 tokens each: against the engine alone
#   duplicates  40 % duplicate requests: cache on against off
#   hits        20 documents of 200 characters, all in the cache: latency at 1 client, requests a second at 8
#   giants      5-document requests alone, beside one request of 1,000 documents, and beside four
#   cancel      a client leaves a request of 1,000 documents: time until none of its pairs waits any more
#   overload    20 documents of about 128 tokens, deadline_ms 2000, Poisson at 5 times the capacity for 60 s
#   rest        memory at rest: features on against off
#
# Pairs of runs alternate (ABBA); medians with least and greatest. One JSON line a figure on stdout. Needs wrk and jq.
set -euo pipefail
# shellcheck source=bench/serving/servers.sh
source "$(dirname "${BASH_SOURCE[0]}")/servers.sh"
read_options "$@"

# tokens_per_s TOKENS: what the engine alone does at that length.
engine() {
  "$program" bench engine --model "$model" --dtype "$dtype" --threads "$threads" --tokens "$1" --json 2>/dev/null
}

figure_bursts() {
  start off all ENABLE_PREDICTION_CACHE=false
  start on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  load "${url[off]}" -n 300 -c 10 >/dev/null
  load "${url[on]}" -n 300 -c 10 >/dev/null
  local before_tokens before_pairs
  before_tokens=$(metric "${url[on]}" reranker_tokens_total)
  before_pairs=$(metric "${url[on]}" 'reranker_pairs_total{source="computed"}')
  alternate off on -n 1500 -c 10 --documents 1-4 --tokens 15-40
  local length
  length=$(jq -n "($(metric "${url[on]}" reranker_tokens_total) - $before_tokens) /
    ($(metric "${url[on]}" 'reranker_pairs_total{source="computed"}') - $before_pairs) | round")
  local alone
  alone=$(engine "$length" | jq .pairs_per_s)
  report bursts throughput_ratio "$(of "$work/pairs.jsonl" '.[1].requests_per_s / .[0].requests_per_s')" \
    p50_off_ms "$(of "$work/off.jsonl" .latency_ms.p50)" p50_on_ms "$(of "$work/on.jsonl" .latency_ms.p50)" \
    requests_per_s_off "$(of "$work/off.jsonl" .requests_per_s)" requests_per_s_on "$(of "$work/on.jsonl" .requests_per_s)" \
    tokens_of_a_pair "$length" engine_pairs_per_s "$alone" \
    share_off "$(of "$work/off.jsonl" ".pairs_per_s / $alone")" share_on "$(of "$work/on.jsonl" ".pairs_per_s / $alone")" \
    avg_batch_size "$(health "${url[on]}" .micro_batcher.avg_batch_size)" load_cpu "$(of "$work/on.jsonl" .cpu_share)"
}

figure_lone() {
  start off all ENABLE_PREDICTION_CACHE=false
  start on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  load "${url[off]}" -n 300 -c 1 >/dev/null
  load "${url[on]}" -n 300 -c 1 >/dev/null
  alternate off on -n 1000 -c 1 --documents 4 --tokens 15-40
  report lone p50_ratio "$(of "$work/pairs.jsonl" '.[1].latency_ms.p50 / .[0].latency_ms.p50')" \
    p50_off_ms "$(of "$work/off.jsonl" .latency_ms.p50)" p50_on_ms "$(of "$work/on.jsonl" .latency_ms.p50)"
}

figure_clients32() {
  start on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  local round before_tokens before_pairs n=1500 alone
  load "${url[on]}" -n 200 -c 32 --documents 1 --tokens 118 >/dev/null
  before_tokens=$(metric "${url[on]}" reranker_tokens_total)
  before_pairs=$(metric "${url[on]}" 'reranker_pairs_total{source="computed"}')
  load "${url[on]}" -n 200 -c 32 --documents 1 --tokens 118 >"$work/probe.json"
  n=$(jq '.requests_per_s * 3 | ceil' "$work/probe.json")
  local length
  length=$(jq -n "($(metric "${url[on]}" reranker_tokens_total) - $before_tokens) /
    ($(metric "${url[on]}" 'reranker_pairs_total{source="computed"}') - $before_pairs) | round")
  : >"$work/on.jsonl"
  for ((round = 0; round < rounds; ++round)); do
    alone=$(engine "$length" | jq .pairs_per_s)
    load "${url[on]}" -n "$n" -c 32 --documents 1 --tokens 118 | jq -c ". + {alone: $alone}" >>"$work/on.jsonl"
  done
  report clients32 share "$(of "$work/on.jsonl" '.pairs_per_s / .alone')" tokens_of_a_pair "$length" \
    pairs_per_s "$(of "$work/on.jsonl" .pairs_per_s)" engine_pairs_per_s "$(of "$work/on.jsonl" .alone)" \
    load_cpu "$(of "$work/on.jsonl" .cpu_share)"
}

figure_duplicates() {
  start off all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  start on all MICRO_BATCH_ENABLED=true
  load "${url[off]}" -n 300 -c 10 >/dev/null
  load "${url[on]}" -n 300 -c 10 >/dev/null
  alternate off on -n 600 -c 10 --documents 4 --tokens 60-120 --duplicates 0.4
  report duplicates throughput_ratio "$(of "$work/pairs.jsonl" '.[1].requests_per_s / .[0].requests_per_s')" \
    requests_per_s_off "$(of "$work/off.jsonl" .requests_per_s)" requests_per_s_on "$(of "$work/on.jsonl" .requests_per_s)" \
    repeated_share "$(of "$work/on.jsonl" '1 - .distinct_requests / .requests')"
}

figure_hits() {
  threads=1 start on 0
  local round wanted=(--distinct 1 --documents 20 --tokens 33 --fields '{"return_documents":false}')
  : >"$work/one.jsonl"
  : >"$work/eight.jsonl"
  for ((round = 0; round < 5; ++round)); do
    seed=1
    taskset -c 1 "$program" load --url "${url[on]}" "${wanted[@]}" -n 20000 -c 1 --json 2>/dev/null >>"$work/one.jsonl"
    taskset -c 1 "$program" load --url "${url[on]}" "${wanted[@]}" -n 20000 -c 8 --json 2>/dev/null >>"$work/eight.jsonl"
  done
  report hits p50_ms "$(of "$work/one.jsonl" .latency_ms.p50)" p99_ms "$(of "$work/one.jsonl" .latency_ms.p99)" \
    live_p99_ms "$(live_p99_ms "${url[on]}")" requests_per_s_of_8 "$(of "$work/eight.jsonl" .requests_per_s)" \
    load_cpu "$(of "$work/eight.jsonl" .cpu_share)"
}

figure_giants() {
  start on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  start off all ENABLE_PREDICTION_CACHE=false
  local name giants giant_loads load_pid
  local small=(-n 400 -c 1 --documents 5 --tokens 100)
  for name in off on; do
    load "${url[$name]}" -n 50 -c 1 >/dev/null
    for giants in 0 1 4; do
      giant_loads=()
      if ((giants > 0)); then
        "$program" load --url "${url[$name]}" --seed $((seed + 100)) -n 100000 -c "$giants" --documents 1000 --tokens 100 \
          >/dev/null 2>&1 &
        giant_loads=("$!")
        sleep 1
      fi
      load "${url[$name]}" "${small[@]}" >"$work/$name-$giants.jsonl"
      for load_pid in "${giant_loads[@]}"; do
        kill -TERM "$load_pid"
        wait "$load_pid" || true  # ended by us
      done
      sleep 0.5
    done
  done
  local count
  count=$("$program" config --threads "$threads" | sed -n 's/^RERANKER_THREADS=//p')
  ((count > 0)) || count=$(nproc)
  local quantum
  quantum=$(engine 128 | jq "1024 * $count / .tokens_per_s * 1000")
  report giants quantum_ms "$quantum" \
    off_p99_ms "$(jq -sc '[.[].latency_ms.p99]' "$work"/off-{0,1,4}.jsonl)" \
    on_p99_ms "$(jq -sc '[.[].latency_ms.p99]' "$work"/on-{0,1,4}.jsonl)" \
    bound_off_ms "$(jq ".latency_ms.p99 + 2 * $quantum" "$work/off-0.jsonl")" \
    bound_on_ms "$(jq ".latency_ms.p99 + 2 * $quantum" "$work/on-0.jsonl")"
}

# queued_tokens URL: tokens that wait there for the engine. Without curl, whose start alone takes as long as the bound.
queued_tokens() {
  local address=${1#http://}
  exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
  printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  timeout 5 sed -n 's/^reranker_queue_tokens //p' <&3
  exec 3>&-
}

figure_cancel() {
  local name round try load_pid began ended queued taken
  # One worker: with every core busy the question itself would wait for a core longer than the bound.
  threads=1 start off all ENABLE_PREDICTION_CACHE=false
  threads=1 start on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  for name in off on; do
    : >"$work/$name.jsonl"
    for ((round = 0; round < 4 * rounds; ++round)); do
      "$program" load --url "${url[$name]}" --seed $((1000 + round)) -n 1 -c 1 --documents 1000 --tokens 100 >/dev/null 2>&1 &
      load_pid=$!
      for ((try = 0; try < 1000; ++try)); do
        queued=$(queued_tokens "${url[$name]}")
        ((queued < 20000)) || break
      done
      ((queued >= 20000)) || { echo "scheduling.sh: the request never waited" >&2; return 1; }
      began=${EPOCHREALTIME/./}
      queued=$(queued_tokens "${url[$name]}")
      taken=$((${EPOCHREALTIME/./} - began))
      disown "$load_pid"  # or the shell says that it was killed
      began=${EPOCHREALTIME/./}
      kill -KILL "$load_pid"
      for ((try = 0; try < 2000 && queued > 0; ++try)); do
        queued=$(queued_tokens "${url[$name]}")
      done
      ended=${EPOCHREALTIME/./}
      ((queued == 0)) || { echo "scheduling.sh: pairs still wait" >&2; return 1; }
      jq -n "{left_ms: ($((ended - began)) / 1000), ask_ms: ($taken / 1000)}" >>"$work/$name.jsonl"
    done
  done
  # left_ms holds at least one question to /metrics: ask_ms is what one costs meanwhile.
  report cancel left_ms_off "$(of "$work/off.jsonl" .left_ms)" ask_ms_off "$(of "$work/off.jsonl" .ask_ms)" \
    left_ms_on "$(of "$work/on.jsonl" .left_ms)" ask_ms_on "$(of "$work/on.jsonl" .ask_ms)"
}

figure_overload() {
  start on all ENABLE_PREDICTION_CACHE=false MICRO_BATCH_ENABLED=true
  local shape=(--documents 20 --tokens 118) capacity rate n before after live_p99
  load "${url[on]}" -n 100 -c 8 "${shape[@]}" >/dev/null
  capacity=$(load "${url[on]}" -n 400 -c 8 "${shape[@]}" | jq .requests_per_s)
  rate=$(jq -n "5 * $capacity")
  n=$(jq -n "60 * $rate | ceil")
  live_p99=$(live_p99_ms "${url[on]}")
  # Memory before: after a burst of the same kind, so that queues and buffers have been used once.
  load "${url[on]}" -n "$(jq -n "3 * $rate | ceil")" -c 2000 --rate "$rate" "${shape[@]}" --fields '{"deadline_ms":2000}' >/dev/null
  sleep 2
  before=$(private_kb "${pid[on]}")
  load "${url[on]}" -n "$n" -c 4000 --rate "$rate" "${shape[@]}" --fields '{"deadline_ms":2000}' >"$work/over.json"
  sleep 1
  load "${url[on]}" -n 20 -c 1 --documents 5 --tokens 100 >"$work/after.json"
  after=$(private_kb "${pid[on]}")
  report overload capacity_per_s "$capacity" rate_per_s "$rate" \
    goodput_per_s "$(jq '.requests_per_s' "$work/over.json")" \
    goodput_share "$(jq ".status[\"200\"] / 60 / $capacity" "$work/over.json")" \
    statuses "$(jq -c .status "$work/over.json")" p99_ms "$(jq -c .p99_ms "$work/over.json")" live_p99_ms "$live_p99" \
    memory_kb "[$before, $after]" normal_after_1s_p50_ms "$(jq .latency_ms.p50 "$work/after.json")" \
    load_cpu "$(jq .cpu_share "$work/over.json")"
}

figure_rest() {
  start off all ENABLE_PREDICTION_CACHE=false
  start on all MICRO_BATCH_ENABLED=true
  load "${url[off]}" -n 200 -c 4 >/dev/null
  load "${url[on]}" -n 200 -c 4 >/dev/null
  sleep 1
  report rest off_kb "$(private_kb "${pid[off]}")" on_kb "$(private_kb "${pid[on]}")"
}

run_figures
