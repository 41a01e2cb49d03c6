#!/usr/bin/env bash
# The unit, the balancer's configuration and the compose file are read by the tools that they are for, and agree with
# each other. Each file of deploy/*.env starts the program, with Redis where it asks for it; /health shows what the file
# says, two servers of a shared set-up compute a request once, and SIGTERM ends them with 0.
#   tests/deploy_test.sh PROGRAM SOURCE_DIR
set -euo pipefail
program=$1
root=$2
# shellcheck source=scripts/loopback.sh
source "$root/scripts/loopback.sh"

for needed in redis-server redis-cli curl jq; do
  if ! command -v "$needed" >/dev/null; then
    printf 'skipped: %s is not there\n' "$needed"
    exit 77
  fi
done

work=$(mktemp -d)
redis_pid=
pids=()

clean_up() {
  local pid
  for pid in "${pids[@]}" $redis_pid; do
    kill "$pid" 2>/dev/null || echo "process $pid had ended already"
  done
  wait
  rm -rf "$work"
}
trap clean_up EXIT

fail() {
  printf 'FAILED: %s\n' "$*"
  cat "$work"/*.log
  exit 1
}

# systemd-analyze only warns about words it does not know, so it must say nothing about our unit.
check_unit() {
  sed "s|^ExecStart=/usr/local/bin/rerankd |ExecStart=$(realpath "$program") |" "$root/deploy/rerankd.service" \
    >"$work/rerankd.service"
  systemd-analyze verify "$work/rerankd.service" >"$work/unit.log" 2>&1 || fail "rerankd.service"
  ! grep -q 'rerankd\.service' "$work/unit.log" || fail "rerankd.service"
}

# The one warning allowed: outside the compose file's network the name of its servers is unknown.
check_balancer() {
  PATH=$PATH:/usr/sbin haproxy -c -f "$root/deploy/haproxy.cfg" >"$work/haproxy.log" 2>&1 || fail "haproxy.cfg"
  ! grep -E 'WARNING|ALERT' "$work/haproxy.log" | grep -qv "could not resolve address 'server'" || fail "haproxy.cfg"
}

# compose FILTER: of the compose file as JSON.
compose() {
  jq -r "$1" "$work/compose.json"
}

check_compose() {
  local file template
  perl -MYAML::XS=LoadFile -MJSON::PP -e 'print JSON::PP->new->encode(LoadFile($ARGV[0]))' "$root/deploy/compose.yaml" \
    >"$work/compose.json" 2>"$work/compose.log" || fail "compose.yaml is no YAML"
  # What Compose calls unknown keys; those of its specification that the file uses.
  [[ $(compose 'keys - ["services"] + ([.services[] | keys] | add | unique) - ["image", "command", "healthcheck", "build",
    "env_file", "environment", "stop_grace_period", "deploy", "ports", "volumes", "depends_on"] | length') == 0 ]] ||
    fail "compose.yaml: unknown keys"
  [[ $(compose '[.services[].depends_on // [] | .[]] - (.services | keys) | length') == 0 ]] ||
    fail "compose.yaml: depends on a service that it does not have"
  for file in $(compose '.services.server.env_file, (.services.balancer.volumes[] | split(":")[0])') \
    "$(compose '.services.server.build | .context + "/" + .dockerfile')"; do
    [[ -f $root/deploy/$file ]] || fail "compose.yaml: $file is not there"
  done
  template="server-template server $(compose '.services.server.deploy.replicas') server:8000 "
  grep -qF "$template" "$root/deploy/haproxy.cfg" || fail "haproxy.cfg does not have: $template"
  [[ $(compose '.services.balancer.ports[0] | split(":")[1]') == "$(sed -n 's/^ *bind ://p' "$root/deploy/haproxy.cfg")" ]] ||
    fail "compose.yaml publishes another port than haproxy.cfg binds"
  [[ $(compose '[.services.server.environment.REDIS_URL | split("[/:]+"; null)[1]] - (.services | keys) | length') == 0 ]] ||
    fail "compose.yaml: REDIS_URL names no service"
}

check_unit
check_balancer
check_compose
printf 'the unit, the balancer and the compose file agree\n'
start_own_redis "$work" || fail "no Redis"

# start FILE NUMBER: one server with the file's settings; its port in $port.
start() {
  local log=$work/server$2.log
  : >"$log"  # an earlier server may have left its own
  (
    set -a
    # shellcheck disable=SC1090  # the file under test
    . "$1"
    export REDIS_URL=redis://127.0.0.1:$redis_port/0
    export REDIS_TIMEOUT_MS=5000
    exec "$program" serve --host 127.0.0.1 --port 0 --threads 1
  ) >>"$log" 2>&1 &
  pids+=("$!")
  for _ in $(seq 600); do
    grep -q ' ready$' "$log" && break
    kill -0 "${pids[-1]}" 2>/dev/null || fail "$1 does not start"
    sleep 0.1
  done
  port=$(sed -n 's/.* listening .*port=\([0-9]*\).*/\1/p' "$log")
  [[ -n $port ]] || fail "$1 is not ready"
}

# health PORT FILTER: true when the filter says so within 10 s.
health() {
  for _ in $(seq 100); do
    curl -sf "http://127.0.0.1:$1/health" | jq -e "$2" >/dev/null && return 0
    sleep 0.1
  done
  return 1
}

body='{"query":"which is a city?","documents":["Paris","banana","a long road"]}'
for size in small medium large; do
  file=$root/deploy/$size.env
  ports=()
  for number in 1 2; do
    start "$file" "$number"
    ports+=("$port")
    health "$port" '.status == "ok" and .model.quantization == "bf16"' || fail "$size: health"
  done
  if [[ $size == small ]]; then
    health "${ports[0]}" '.distributed_cache.enabled | not' || fail "$size: Redis is not off"
  else
    health "${ports[0]}" '.distributed_cache.enabled and .distributed_cache.connected' || fail "$size: Redis"
    health "${ports[1]}" '.distributed_cache.connected' || fail "$size: Redis"
    redis-cli -p "$redis_port" flushall >/dev/null
    first=$(curl -sf "http://127.0.0.1:${ports[0]}/rerank" -d "$body" | jq -c '[.results[] | [.index, .score]]')
    for _ in $(seq 100); do
      [[ $(redis-cli -p "$redis_port" dbsize) -ge 1 ]] && break
      sleep 0.05
    done
    second=$(curl -sf "http://127.0.0.1:${ports[1]}/rerank" -d "$body")
    [[ $(jq -c '[.results[] | [.index, .score]]' <<<"$second") == "$first" ]] || fail "$size: scores differ"
    [[ $(jq '.usage.cached_pairs' <<<"$second") == 3 ]] || fail "$size: computed twice"
  fi
  if [[ $size == large ]]; then
    health "${ports[0]}" '.micro_batcher.enabled' || fail "$size: micro-batching"
  fi
  for pid in "${pids[@]}"; do
    kill -TERM "$pid"
    wait "$pid" || fail "$size: ended with $?"
  done
  pids=()
  printf '%s.env works\n' "$size"
done
