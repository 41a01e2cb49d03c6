#!/usr/bin/env bash
# The scripts at the root, in a copy of the project's face: start, second start, status, health, metrics, stop, with Redis
# and every feature, two starts at once, port in use, a run folder that cannot be written.
#
#   tests/scripts_test.sh RERANKD SOURCE-FOLDER
#
# The copy holds the scripts and the program that is already built, so nothing is installed or built here.
set -euo pipefail
rerankd=$(realpath "$1")
source_dir=$(realpath "$2")
work=$(mktemp -d)
clone=$work/clone
failures=0

redis_pid=

clean_up() {
  if [[ -n $redis_pid ]]; then
    kill "$redis_pid" || echo "scripts_test: redis-server was gone already" >&2
  fi
  if [[ -e $clone/run/rerankd.pid ]]; then
    "$clone/manage_reranker.sh" stop >/dev/null 2>&1 || echo "scripts_test: the daemon could not be stopped" >&2
  fi
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT

mkdir -p "$clone/build/release/bin" "$clone"/{src,cmake,bench,tests,tools}
cp "$source_dir"/{start_reranker.sh,manage_reranker.sh,performance_test.sh,test_multi_backend.sh,README.md,CMakeLists.txt,CMakePresets.json} "$clone/"
cp -r "$source_dir/scripts" "$clone/"
ln -s "$source_dir/models" "$clone/models"
cp -r "$source_dir/docs" "$clone/docs"
ln -s "$rerankd" "$clone/build/release/bin/rerankd"
touch "$clone/build/release/.built-rerankd"
cd "$clone"

run() {  # STATUS COMMAND…
  local wanted=$1 status=0
  shift
  "$@" >"$work/out" 2>"$work/err" || status=$?
  if [[ $status != "$wanted" ]]; then
    failures=$((failures + 1))
    echo "exit $status instead of $wanted: $*"
    sed 's/^/  /' "$work/err"
  fi
}

has() {  # FILE TEXT
  if ! grep -qF -- "$2" "$work/$1"; then
    failures=$((failures + 1))
    echo "$1 lacks: $2"
    head -n 5 "$work/$1" | sed 's/^/  /'
  fi
}

# The server is told its port, because the scripts' default is fixed.
# shellcheck source=scripts/loopback.sh
source "$source_dir/scripts/loopback.sh"
port=$(free_port)
export RERANKER_HOST=127.0.0.1 RERANKER_PORT=$port RERANKER_THREADS=1

run 2 ./start_reranker.sh sideways
run 2 ./manage_reranker.sh frobnicate
run 3 ./manage_reranker.sh status
run 0 ./manage_reranker.sh stop
run 2 ./performance_test.sh load many 4

run 0 ./start_reranker.sh daemon --no-install
has err "Ready: http://127.0.0.1:$port"
run 0 ./manage_reranker.sh status
has out 'running (pid '
run 0 ./manage_reranker.sh health
has out '"status":"ok"'
run 0 ./manage_reranker.sh metrics
has out 'reranker_requests_total'
run 1 ./start_reranker.sh daemon --no-install
has err 'already running'
run 0 ./manage_reranker.sh start
run 0 ./performance_test.sh load 20 2 --json
has out '"status":{"200":20}'
run 0 ./performance_test.sh metrics
has out 'reranker_pairs_total'
run 143 timeout --preserve-status -s TERM 1 ./manage_reranker.sh tail
has out 'listening'
first_pid=$(<run/rerankd.pid)
run 0 ./manage_reranker.sh restart
if [[ $(<run/rerankd.pid) == "$first_pid" ]]; then
  failures=$((failures + 1))
  echo "restart kept the process"
fi
run 0 ./manage_reranker.sh stop
run 3 ./manage_reranker.sh status
run 1 ./manage_reranker.sh health

# Agreement of dtypes and instruction sets
run 0 ./test_multi_backend.sh --help
run 2 ./test_multi_backend.sh --sideways
run 2 ./test_multi_backend.sh --isas
run 0 ./test_multi_backend.sh --no-install --isas best
has out 'int8'
has out 'CUDA is not in this build'
run 1 ./test_multi_backend.sh --no-install --isas best ./nowhere

# Flags after -- reach the server, and restart keeps them.
run 0 ./start_reranker.sh daemon --no-install -- --served-name clone --port 0
run 0 ./manage_reranker.sh health
has out '"name":"clone"'
run 0 ./manage_reranker.sh restart
run 0 ./manage_reranker.sh health
has out '"name":"clone"'
run 0 ./manage_reranker.sh stop

# health_becomes FILTER: within the two seconds that a connection to Redis may take, since the start never waits for it.
health_becomes() {
  for _ in $(seq 40); do
    ./manage_reranker.sh health 2>"$work/err" | jq -e "$1" >/dev/null && return 0
    sleep 0.05
  done
  failures=$((failures + 1))
  echo "/health does not become $1"
}

# The features as docs/ADVANCED_FEATURES.md starts them: Redis, then all of them.
start_own_redis "$work"
redis=(env REDIS_ENABLED=true REDIS_URL="redis://localhost:$redis_port/0")
run 0 "${redis[@]}" ./start_reranker.sh daemon --no-install
health_becomes '.distributed_cache.enabled and .distributed_cache.connected'
run 0 ./manage_reranker.sh stop
run 0 "${redis[@]}" MICRO_BATCH_ENABLED=true QUANTIZATION=bf16 ENABLE_MIXED_PRECISION=true MAX_PARALLEL_REQUESTS=8 \
  ./start_reranker.sh daemon --no-install
health_becomes '.distributed_cache.connected and .micro_batcher.enabled and .model.quantization == "bf16"'
run 0 ./performance_test.sh load 20 2 --json
has out '"status":{"200":20}'
run 0 ./manage_reranker.sh stop

# Two at once: exactly one wins, and the other says why it did not.
./start_reranker.sh daemon --no-install >"$work/one.out" 2>"$work/one.err" &
one=$!
./start_reranker.sh daemon --no-install >"$work/two.out" 2>"$work/two.err" &
two=$!
status_one=0 status_two=0
wait "$one" || status_one=$?
wait "$two" || status_two=$?
if [[ $((status_one + status_two)) != 1 ]]; then
  failures=$((failures + 1))
  echo "two starts at once ended with $status_one and $status_two"
  cat "$work/one.err" "$work/two.err"
fi
cat "$work/one.err" "$work/two.err" >"$work/err"
has err 'Ready: '
if ! grep -qE 'another start is under way|already running' "$work/err"; then
  failures=$((failures + 1))
  echo "the loser of two starts does not say why"
fi

# Port in use, by the daemon that runs now, for another clone.
cp -a "$clone" "$work/second" && rm -rf "$work/second/run"
run 1 "$work/second/start_reranker.sh" daemon --no-install
has err "port $port of 127.0.0.1 is in use"
run 0 ./manage_reranker.sh stop

# A model that cannot be loaded: exit 1 with the log's end.
run 1 ./start_reranker.sh daemon --no-install -- --model ./nowhere
has err 'nowhere'
run 3 ./manage_reranker.sh status
run 2 ./start_reranker.sh daemon --no-install -- --threads=-1
has err 'threads'

# A run folder that cannot be written (root writes everywhere, so a file stands in its place).
rm -rf run && touch run
run 1 ./start_reranker.sh daemon --no-install
has err 'run cannot be written'
rm run

echo "scripts_test: $failures failures"
[[ $failures == 0 ]]
