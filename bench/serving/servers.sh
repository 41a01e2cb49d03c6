# What the measurements over HTTP share: servers, load, alternating runs, reports. Sourced, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034  # root and rounds are read by the script that sources this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$root/build/release/bin/rerankd
model=builtin
dtype=bf16
threads=0
rounds=9

# usage: the comment at the head of the script that was called.
usage() {
  sed -n '2,/^set -/p' "$0" | sed '$d; s/^# \{0,1\}//'
}

# read_options "$@": sets model, dtype, threads, rounds; figures = what is left.
read_options() {
  while [[ ${1:-} == -* ]]; do
    case $1 in
      --model | --dtype | --threads | --rounds)
        [[ $# -ge 2 ]] || { usage >&2; exit 2; }
        declare -g "${1#--}=$2"
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
  figures=("$@")
  (($# > 0)) || { usage >&2; exit 2; }
}

# run_figures: calls figure_NAME for each, and ends its servers.
run_figures() {
  local figure
  for figure in "${figures[@]}"; do
    declare -F "figure_$figure" >/dev/null || { usage >&2; exit 2; }
    "figure_$figure"
    stop_all
  done
}

work=$(mktemp -d)
declare -A pid url  # of the servers, by name
clean_up() {
  local number
  for number in "${pid[@]}"; do
    kill -TERM "$number" 2>/dev/null && wait "$number" 2>/dev/null
  done
  rm -rf "$work"
}
trap clean_up EXIT

# start NAME CPUS NAME=VALUE…: a server; sets url[NAME] and pid[NAME]. CPUS as taskset's, or "all".
start() {
  local name=$1 cpus=$2 log=$work/$1.log place=()
  shift 2
  : >"$log"
  [[ $cpus == all ]] || place=(taskset -c "$cpus")
  env "$@" "${place[@]}" "$program" serve --model "$model" --dtype "$dtype" --threads "$threads" \
    --host 127.0.0.1 --port 0 >"$log" 2>&1 &
  pid[$name]=$!
  for _ in $(seq 300); do
    grep -q ' ready$' "$log" && break
    sleep 0.1
  done
  grep -q ' ready$' "$log" || { cat "$log" >&2; return 1; }
  url[$name]=http://127.0.0.1:$(sed -n 's/.* listening .*port=\([0-9]*\).*/\1/p' "$log")
}

stop_all() {
  local number
  for number in "${pid[@]}"; do
    kill -TERM "$number"
    wait "$number" || true  # its exit status is no matter of this measurement
  done
  pid=()
}

seed=1
# load URL OPTION…: one run with texts of its own; JSON.
load() {
  local target=$1
  shift
  seed=$((seed + 1))
  "$program" load --url "$target" --seed "$seed" --json "$@" 2>/dev/null
}

# of FILE FILTER: median, least and greatest of a number over a file of JSON lines.
of() {
  jq -sc "[.[] | $2] | sort | {median: .[length / 2 | floor], least: .[0], greatest: .[-1]}" "$1"
}

# alternate A B OPTION…: `rounds` pairs of runs in ABBA order; $work/A.jsonl, $work/B.jsonl.
alternate() {
  local a=$1 b=$2 round first second name
  shift 2
  : >"$work/$a.jsonl"
  : >"$work/$b.jsonl"
  for ((round = 0; round < rounds; ++round)); do
    first=$a second=$b
    if ((round % 2)); then
      first=$b second=$a
    fi
    for name in $first $second; do
      seed=$((2 * round + 10))  # both runs of a pair send the same texts
      load "${url[$name]}" "$@" >>"$work/$name.jsonl"
    done
  done
  paste -d ' ' "$work/$a.jsonl" "$work/$b.jsonl" | sed 's/^/[/; s/} {/},{/; s/$/]/' >"$work/pairs.jsonl"
}

# report FIGURE KEY JSON…
report() {
  local arguments=(--arg figure "$1") filter="{figure: \$figure}"
  shift
  while (($# > 0)); do
    arguments+=(--argjson "$1" "$2")
    filter+=" + {$1: \$$1}"
    shift 2
  done
  jq -nc "${arguments[@]}" "$filter"
}

health() {  # URL FILTER
  curl -s "$1/health" | jq -c "$2"
}

metric() {  # URL NAME
  curl -s "$1/metrics" | sed -n "s/^$2 //p"
}

live_p99_ms() {  # URL: of GET /live, one connection
  taskset -c 1 wrk -t1 -c1 -d4s --latency "$1/live" |
    awk '$1 == "99%" { v = $2; if (v ~ /us$/) { printf "%.4f", v / 1000 } else { printf "%.4f", v + 0 } }'
}

private_kb() {  # PID
  awk '/^Pss_Anon|^Locked/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"
}
