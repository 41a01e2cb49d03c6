#!/usr/bin/env bash
# Sends load to a running server and says how it did. No other tool is needed: it runs `rerankd load`.
#
#   ./performance_test.sh latency|throughput|load N C|stress|metrics [--url U] [--json] [options of rerankd load]
#
#   latency     200 requests, one after the other
#   throughput  400 requests of 16 documents from 16 clients
#   load N C    N requests from C concurrent clients
#   stress      200 requests each from 1, 2, 4 … 64 clients
#   metrics     prints the server's metrics
#
# A request has 4 documents of 15-40 tokens, every pair of a run distinct (--seed). Useful options:
#   --documents 100  --tokens 20-60  --duplicates 0.4  --rate 50 (open loop)  --url A --url B (in turn)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
# shellcheck source=scripts/daemon.sh
source "$root/scripts/daemon.sh"

usage() {
  sed -n '2,13p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

mode=${1:-}
if (($# > 0)); then
  shift
fi
case $mode in
  latency) shape=(-n 200 -c 1) ;;
  throughput) shape=(-n 400 -c 16 --documents 16) ;;
  load)
    if [[ ! ${1:-} =~ ^[1-9][0-9]*$ || ! ${2:-} =~ ^[1-9][0-9]*$ ]]; then
      usage >&2
      setup_say "performance_test.sh: load wants two numbers: requests and clients"
      exit 2
    fi
    shape=(-n "$1" -c "$2")
    shift 2
    ;;
  stress) shape=(-n 200 -c '1,2,4,8,16,32,64') ;;
  metrics) shape=(--show-metrics) ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

# Options given here come after the mode's and win; the daemon of this clone is the default target.
target=(--url "$(daemon_url)")
for argument in "$@"; do
  if [[ $argument == --url || $argument == --url=* ]]; then
    target=()
  fi
done
program=$root/build/release/bin/rerankd
if [[ ! -x $program ]]; then
  build_preset release rerankd || exit 1
fi
exec "$program" load "${shape[@]}" "${target[@]}" "$@"
