#!/usr/bin/env bash
# One real server whose Redis falls ill while it is asked without pause: every answer is 200 and has the scores of a
# server without Redis, bit for bit; /health stays 200 and says whether Redis is there.
#
#   tests/redis_faults_test.sh RERANKD
#
# Prints after how many milliseconds the server is connected again. Exit 77 (skipped) without redis-server; exit 1 names
# every check that failed.
set -euo pipefail
rerankd=$(realpath "$1")
# shellcheck source=tests/servers.sh
source "$(dirname "${BASH_SOURCE[0]}")/servers.sh"
bodies=24
again_within_ms=2000

milliseconds() {
  echo "$((${EPOCHREALTIME/./} / 1000))"
}

body() {  # NUMBER
  jq -nc --arg seed "$1" '{query: "what is \($seed)", return_documents: false,
    documents: [range(6) | "document \(.) of \($seed): " + ([range(12) | "word\(. * 7 % 10)"] | join(" "))]}'
}

client() {  # NUMBER: asks for the bodies in turn until the file `stop` is there
  local round number
  for ((round = 0; ; ++round)); do
    [[ -e stop ]] && return 0
    number=$(((round + 7 * $1) % bodies))
    ask s "body.$number.json" "answer.$number.$1.$round" >>"client$1.status"
  done
}

start_load() {
  local number
  rm -f stop answer.* client?.status
  for number in 1 2; do
    : >"client$number.status"
    client "$number" &
    pid[client$number]=$!
  done
  answered 10 "healthy"
}

count_answers() {
  cat client?.status | wc -l
}

# answered COUNT WHAT: waits until that many more requests have been answered.
answered() {
  local wanted
  wanted=$(($(count_answers) + $1))
  for _ in $(seq 600); do
    (($(count_answers) >= wanted)) && return 0
    sleep 0.05
  done
  fail "$2: the load stands still"
}

end_load() {  # WHAT
  local number bad
  touch stop
  for number in 1 2; do
    wait "${pid[client$number]}"
    unset "pid[client$number]"
  done
  bad=$(cat client?.status | grep -cv '^200 ' || true)
  [[ $bad == 0 ]] || fail "$1: $bad requests failed: $(cat client?.status | grep -v '^200 ' | sort | uniq -c)"
  for ((number = 0; number < bodies; ++number)); do
    compgen -G "answer.$number.*" >/dev/null || continue
    [[ $(scores answer."$number".* | sort -u) == "$(cat "alone.$number")" ]] ||
      fail "$1: request $number has other scores than without Redis"
  done
  printf '%s: %s answers\n' "$1" "$(count_answers)"
}

# says WHAT true|false: /health is 200 and says so, within the time that the server may take to see it.
says() {
  local wanted="(.distributed_cache.connected == $2) and .status == \"ok\"" begun
  begun=$(milliseconds)
  while (($(milliseconds) - begun <= again_within_ms)); do
    health s "$wanted" && return 0
    sleep 0.02
  done
  fail "$1: /health does not say connected $2 within $again_within_ms ms"
}

# is_back WHAT BEGUN: connected within two seconds of this moment, and sharing.
is_back() {
  local took
  while ! health s '.distributed_cache.connected'; do
    took=$(($(milliseconds) - $2))
    if ((took > again_within_ms)); then
      fail "$1: not connected again within $again_within_ms ms"
      return 0
    fi
    sleep 0.02
  done
  printf '%s: connected again after %s ms\n' "$1" "$(($(milliseconds) - $2))"
  shares "$1"
}

# What is computed is found again.
shares() {
  for _ in $(seq 100); do
    ask s body.0.json shared.json >shared.status
    [[ $(jq '.usage.cached_pairs' shared.json) == 6 ]] && return 0
  done
  fail "$1: nothing is found in Redis any more"
}

killed_and_restarted_empty() {
  local begun
  kill -KILL "${pid[redis]}"
  wait "${pid[redis]}" || true  # killed by this test
  says "killed" false
  answered 30 "killed"
  begun=$(milliseconds)
  start_redis_at "$redis_port" "$work"
  pid[redis]=$redis_pid
  is_back "killed and restarted empty" "$begun"
}

stopped_for_five_seconds() {
  local begun
  kill -STOP "${pid[redis]}"
  says "stopped" false
  answered 30 "stopped"
  sleep 5
  says "stopped" false
  begun=$(milliseconds)
  kill -CONT "${pid[redis]}"
  is_back "stopped for five seconds" "$begun"
}

# on_redis WHAT COMMAND…: several times, with requests in between.
on_redis() {
  local what=$1
  shift
  for _ in 1 2 3; do
    redis "$@" >/dev/null
    answered 10 "$what"
    says "$what" true
    shares "$what"
  done
}

refused_writes() {
  metric s 'reranker_redis_errors_total{kind="reply"}'
}

full_and_evicting_nothing() {
  local before
  before=$(refused_writes)
  redis config set maxmemory 1mb maxmemory-policy noeviction >/dev/null
  redis flushall >/dev/null
  answered 40 "full"
  says "full" true
  (($(refused_writes) > before)) || fail "full: Redis took every write"
  redis config set maxmemory 0 >/dev/null
  shares "full"
}

# Every key of ours becomes a string.
keys_of_another_type() {
  local key count=0
  while IFS= read -r key; do
    redis set "$key" mine >/dev/null
    count=$((count + 1))
  done < <(redis --scan --pattern 'rerankd:*')
  ((count > 0)) || fail "another type: there were no keys"
  answered 40 "another type"
  says "another type" true
  redis flushall >/dev/null
  shares "another type"
}

random_model model 1
for ((number = 0; number < bodies; ++number)); do
  body "$number" >"body.$number.json"
done
serve s "$(free_port)" RERANKER_MODEL="$work/model" REDIS_ENABLED=false
for ((number = 0; number < bodies; ++number)); do
  ask s "body.$number.json" alone.json >alone.status
  scores alone.json >"alone.$number"
done
end s

start_own_redis "$work"
pid[redis]=$redis_pid
# Scores live for a second, so that at every moment some are found and some are computed and stored.
serve s "$(free_port)" RERANKER_MODEL="$work/model" REDIS_ENABLED=true REDIS_TTL_SECONDS=1 \
  REDIS_URL="redis://127.0.0.1:$redis_port/0"
for fault in killed_and_restarted_empty stopped_for_five_seconds 'on_redis flushed flushall' \
  'on_redis scripts_flushed script flush' 'on_redis connections_killed client kill type normal' \
  'on_redis notifications_killed client kill type pubsub' full_and_evicting_nothing keys_of_another_type; do
  start_load
  # shellcheck disable=SC2086  # a function and its arguments
  $fault
  end_load "$fault"
done
end s
echo "redis_faults_test: $failures failures"
[[ $failures == 0 ]]
