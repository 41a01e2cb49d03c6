#!/usr/bin/env bash
# From a bare Debian 12 to a serving program.
#
#   ./start_reranker.sh [dev|fg|daemon] [--no-install] [-- flags for serve]
#
#   fg      (default) builds what changed and serves in the foreground
#   daemon  serves in the background; pid and log under run/; returns 0 only when /health answers ready
#   dev     debug build (AddressSanitizer, UndefinedBehaviorSanitizer), verbose log, foreground
#
# Options are environment variables or flags after --: docs/ENV_VARS_QUICK_REF.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
# shellcheck source=scripts/daemon.sh
source "$root/scripts/daemon.sh"

ready_seconds_max=120

usage() {
  sed -n '2,10p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

stop_with() {  # STATUS MESSAGE
  setup_say "start_reranker.sh: $2"
  exit "$1"
}

# What the program itself makes of environment and flags.
option_in_force() {
  "$program" config "${flags[@]}" | sed -n "s/^$1=//p"
}

port_answers() {
  (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

# The port that was really taken, for RERANKER_PORT=0.
port_in_log() {
  sed -n -e 's/.*listening.* port=\([0-9]*\).*/\1/p' -e 's/.*"listening".*"port":\([0-9]*\).*/\1/p' "$log_file" | tail -n 1
}

prepare_run_dir() {
  if ! mkdir -p "$run_dir" 2>/dev/null || ! [[ -d $run_dir && -w $run_dir ]] || ! : 2>/dev/null >>"$run_dir/lock"; then
    stop_with 1 "$run_dir cannot be written"
  fi
  exec 9>>"$run_dir/lock"
  flock -n 9 || stop_with 1 "another start is under way here ($run_dir/lock)"
  local pid
  if pid=$(daemon_pid); then
    stop_with 1 "already running with pid $pid; ./manage_reranker.sh restart or stop"
  fi
}

fail_with_log() {  # MESSAGE
  rm -f "$pid_file"
  setup_say "The end of $log_file:"
  tail -n 20 "$log_file" >&2
  stop_with 1 "$1"
}

start_daemon() {
  prepare_run_dir
  local host port
  host=$(option_in_force RERANKER_HOST) && port=$(option_in_force RERANKER_PORT) || exit 2
  case $host in
    0.0.0.0 | :: | '[::]') host=127.0.0.1 ;;
  esac
  if [[ $port != 0 ]] && port_answers "$host" "$port"; then
    stop_with 1 "port $port of $host is in use"
  fi
  if [[ -e $log_file ]]; then
    mv "$log_file" "$log_file.1"
  fi
  : >"$args_file"
  if ((${#flags[@]} > 0)); then
    printf '%s\0' "${flags[@]}" >"$args_file"
  fi
  : >"$log_file"  # here, not by the child: it is read below before the child may have run
  setsid nohup "$program" serve "${flags[@]}" >>"$log_file" 2>&1 </dev/null 9>&- &
  local pid=$!
  printf '%s\n' "$pid" >"$pid_file"
  wait_until_ready "$pid" "$host" "$port"
}

wait_until_ready() {  # PID HOST PORT
  local pid=$1 host=$2 port=$3 end=$((SECONDS + ready_seconds_max))
  while ((SECONDS < end)); do
    if ! kill -0 "$pid" 2>/dev/null; then
      fail_with_log "the server ended before it was ready"
    fi
    if [[ $port == 0 ]]; then
      port=$(port_in_log)
      port=${port:-0}
    fi
    if [[ $port != 0 ]] && curl -fsS -o /dev/null --max-time 5 "http://$host:$port/health" 2>/dev/null; then
      printf 'http://%s:%s\n' "$host" "$port" >"$url_file"
      setup_say "Ready: http://$host:$port (pid $pid, log $log_file)"
      return 0
    fi
    sleep 0.05
  done
  kill "$pid"
  fail_with_log "not ready within $ready_seconds_max s"
}

mode="fg"
install=true
flags=()
while (($# > 0)); do
  case $1 in
    dev | fg | daemon) mode=$1 ;;
    --no-install) install=false ;;
    -h | --help)
      usage
      exit 0
      ;;
    --)
      shift
      flags=("$@")
      break
      ;;
    *)
      usage >&2
      stop_with 2 "unknown argument: $1 (flags for serve go after --)"
      ;;
  esac
  shift
done

if $install; then
  install_packages build || exit 1
fi
preset=release
if [[ $mode == dev ]]; then
  preset=dev
  export LOG_LEVEL=${LOG_LEVEL:-debug}
fi
build_preset "$preset" rerankd || exit 1
program=$root/build/$preset/bin/rerankd

if [[ $mode == daemon ]]; then
  start_daemon
else
  exec "$program" serve "${flags[@]}"
fi
