# Ports of 127.0.0.1 and a redis-server of one's own, for tests, scenarios and measurements. Sourced, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034  # who sources this uses what it sets

# Prints a port that is free now. It lies below the range from which the kernel takes the near ends of outgoing
# connections (32768 and up), where a port that is free now may be in use a moment later.
free_port() {
  local port
  while true; do
    port=$((10000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# start_redis_at PORT FOLDER [COMMAND…]: starts a redis-server (under COMMAND, taskset say) whose log is FOLDER/redis.log,
# and waits until it accepts connections; false when it ended before. Sets redis_pid; the caller ends it.
start_redis_at() {
  local at=$1 folder=$2
  shift 2
  "$@" redis-server --port "$at" --bind 127.0.0.1 --save '' --dir "$folder" >"$folder/redis.log" 2>&1 &
  redis_pid=$!
  for _ in $(seq 100); do
    grep -q 'Ready to accept connections' "$folder/redis.log" && return 0
    kill -0 "$redis_pid" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

# start_own_redis FOLDER [COMMAND…]: the same on a free port. Sets redis_port and redis_pid.
start_own_redis() {
  for _ in $(seq 10); do
    redis_port=$(free_port)
    start_redis_at "$redis_port" "$@" && return 0  # else somebody took the port in the meantime: another one
  done
  echo "redis-server did not start:" >&2
  cat "$1/redis.log" >&2
  return 1
}
