#!/usr/bin/env bash
# Operates the daemon that ./start_reranker.sh daemon starts.
#
#   ./manage_reranker.sh start|stop|restart|status|tail|health|metrics
#
#   start    as ./start_reranker.sh daemon (arguments are handed on); 0 when it runs already
#   stop     SIGTERM: running requests are finished, then the server ends
#   restart  stop, then start with the flags of the last start unless others are given
#   status   exit 0 running, 3 not running (as systemctl)
#   tail     follows the log
#   health   prints /health; exit 0 only when the server is ready
#   metrics  prints /metrics
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/daemon.sh
source "$root/scripts/daemon.sh"

stop_seconds_max=120

usage() {
  sed -n '2,12p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

start() {
  local pid
  if pid=$(daemon_pid); then
    echo "running (pid $pid)"
    return 0
  fi
  "$root/start_reranker.sh" daemon "$@"
}

stop() {
  local pid end
  if ! pid=$(daemon_pid); then
    echo "not running"
    return 0
  fi
  kill -TERM "$pid"
  end=$((SECONDS + stop_seconds_max))
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= end)); then
      echo "manage_reranker.sh: still draining after $stop_seconds_max s; ending it" >&2
      kill -KILL "$pid"
      end=$((SECONDS + stop_seconds_max))
    fi
    sleep 0.05
  done
  rm -f "$pid_file"
  echo "stopped"
}

restart() {
  local flags=()
  if (($# > 0)); then
    flags=("$@")
  elif [[ -s $args_file ]]; then
    mapfile -d '' -t flags <"$args_file"
    flags=(-- "${flags[@]}")
  fi
  stop
  start "${flags[@]}"
}

status() {
  local pid
  if pid=$(daemon_pid); then
    echo "running (pid $pid) at $(daemon_url)"
  else
    echo "not running"
    return 3
  fi
}

command=${1:-}
if (($# > 0)); then
  shift
fi
case $command in
  start | stop | restart | status)
    "$command" "$@"
    ;;
  tail)
    exec tail -n 50 -F "$log_file"
    ;;
  health)
    curl -sS --fail-with-body "$(daemon_url)/health" || exit 1
    echo
    ;;
  metrics)
    curl -sS --fail-with-body "$(daemon_url)/metrics"
    ;;
  -h | --help)
    usage
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
