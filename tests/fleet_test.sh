#!/usr/bin/env bash
# Several real servers on one real Redis, with processes that are killed, stopped and restarted in the middle of work.
#
#   tests/fleet_test.sh RERANKD
#
# Exit 77 (skipped) without redis-server; exit 1 names every check that failed.
set -euo pipefail
rerankd=$(realpath "$1")
# shellcheck source=tests/servers.sh
source "$(dirname "${BASH_SOURCE[0]}")/servers.sh"
lease_ms=1500

# share NAME [PORT]: a server of the fleet.
share() {
  serve "$1" "${2:-$(free_port)}" REDIS_ENABLED=true REDIS_URL="redis://127.0.0.1:$redis_port/0" \
    REDIS_LEASE_MS=$lease_ms RERANKER_DRAIN_DELAY=1 RERANKER_MODEL="$work/model"
}

# body SEED COUNT
body() {
  jq -nc --arg seed "$1" --argjson n "$2" '{query: "what is \($seed)", return_documents: false,
    documents: [range($n) | "document \(.) of \($seed): " + ([range(60) | "word\(. * 7 % 10)"] | join(" "))]}'
}

# Claims live in hashes of their own, whose names end in ":l".
leases_left() {
  redis eval "local left = 0
    for _, key in ipairs(redis.call('keys', '*:l')) do
      left = left + redis.call('hlen', key)
    end
    return left" 0
}

computed() {
  metric "$1" 'reranker_pairs_total{source="computed"}'
}

taken_over() {
  metric "$1" 'reranker_redis_leases_total{event="taken_over"}'
}

# An owner that dies in the middle costs who waits for it at most one lease, and no score.
owner_is_killed() {
  local signal=$1 asked_of_a before
  before=$(taken_over b)
  body "$signal" 200 >body.json
  ask a body.json a.json >a.status &
  asked_of_a=$!
  sleep 0.15
  [[ $(leases_left) -gt 0 ]] || fail "$signal: the owner holds no lease after 0.15 s"
  kill -"$signal" "${pid[a]}"
  ask b body.json b.json >b.status
  [[ $(cut -d ' ' -f 1 b.status) == 200 ]] || fail "$signal: the waiter got $(cat b.status)"
  [[ $(taken_over b) -gt $before ]] || fail "$signal: the waiter took no lease over"
  body "$signal" 200 | jq -c '.truncate = true' >alone.json
  redis flushall >/dev/null
  ask b alone.json alone.answer >alone.status
  [[ $(scores b.json) == "$(scores alone.answer)" ]] || fail "$signal: the waiter's scores are not those of a fresh run"
  # All of the work itself and one lease; the machine may be busy, so the work is taken three times.
  awk -v all="$(cut -d ' ' -f 2 b.status)" -v alone="$(cut -d ' ' -f 2 alone.status)" -v lease=$lease_ms \
    'BEGIN { exit !(all <= 3 * alone + lease / 1000 + 1) }' ||
    fail "$signal: waited $(cat b.status), alone $(cat alone.status)"
  if [[ $signal == STOP ]]; then
    kill -CONT "${pid[a]}"
    wait "$asked_of_a"
    [[ $(cut -d ' ' -f 1 a.status) == 200 ]] || fail "resumed: the former owner answered $(cat a.status)"
    [[ $(scores a.json) == "$(scores b.json)" ]] || fail "resumed: the former owner's scores differ"
  else
    wait "$asked_of_a"
    wait "${pid[a]}" || true  # killed by this test
    share a
  fi
  redis flushall >/dev/null
}

# A client as a balancer makes it: only servers that say that they are ready are asked.
client() {
  local number=$1 round name
  for ((round = 0; ; ++round)); do
    [[ -e stop ]] && return 0
    for name in a b c; do
      if curl -sf -o /dev/null "127.0.0.1:${port[$name]}/ready"; then
        body "roll $((round / 3))" 10 >"client$number.json"
        ask "$name" "client$number.json" "client$number.answer" >>"client$number.status"
      fi
    done
  done
}

rolling_restart() {
  local number name
  rm -f stop
  for number in 1 2 3; do
    client "$number" &
    pid[client$number]=$!
  done
  for name in a b c; do
    sleep 1
    kill -TERM "${pid[$name]}"
    wait "${pid[$name]}" || fail "rolling restart: $name ended with $?"
    share "$name" "${port[$name]}"
  done
  sleep 1
  touch stop
  for number in 1 2 3; do
    wait "${pid[client$number]}"
    unset "pid[client$number]"
  done
  local failed
  failed=$(cat client?.status | grep -cv '^200 ' || true)
  [[ $failed == 0 ]] || fail "rolling restart: $failed requests failed: $(cat client?.status | grep -v '^200 ' | sort | uniq -c)"
  [[ $(cat client?.status | wc -l) -gt 30 ]] || fail "rolling restart: only $(cat client?.status | wc -l) requests were sent"
  for _ in $(seq 20); do  # stores never delay an answer: the last ones may be under way
    [[ $(leases_left) == 0 ]] && break
    sleep 0.05
  done
  [[ $(leases_left) == 0 ]] || fail "rolling restart: $(leases_left) leases are left"
}

# The same request from many clients of all servers at once is computed once.
herd() {
  local name before=0 after=0 clients=() number different
  body herd 30 >herd.json
  for name in a b c; do
    before=$((before + $(computed "$name")))
  done
  for number in $(seq 30); do
    for name in a b c; do
      ask "$name" herd.json "herd.$name.$number" >"herd.$name.$number.status" &
      clients+=("$!")
    done
  done
  for number in "${clients[@]}"; do
    wait "$number"
  done
  for name in a b c; do
    after=$((after + $(computed "$name")))
  done
  [[ $(cat herd.*.status | grep -c '^200 ') == 90 ]] || fail "herd: $(cat herd.*.status | sort | uniq -c)"
  [[ $((after - before)) == 30 ]] || fail "herd: $((after - before)) pairs computed instead of 30"
  different=$(for number in herd.[abc].*[0-9]; do scores "$number"; done | sort -u | wc -l)
  [[ $different == 1 ]] || fail "herd: $different different answers"
}

start_own_redis "$work"
pid[redis]=$redis_pid
random_model model 1
share a
share b
share c
herd
owner_is_killed KILL
owner_is_killed STOP
rolling_restart
echo "fleet_test: $failures failures"
[[ $failures == 0 ]]
