# Shared by start_reranker.sh and manage_reranker.sh: the daemon's files under run/ and how it is found. Sourced, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # root comes from the script that sources this; it uses the rest
run_dir=$root/run
pid_file=$run_dir/rerankd.pid
log_file=$run_dir/rerankd.log
args_file=$run_dir/rerankd.args
url_file=$run_dir/rerankd.url

# The daemon's process id; fails when it does not run. A number that now belongs to another program does not count.
daemon_pid() {
  local pid
  [[ -r $pid_file ]] && pid=$(<"$pid_file") && [[ $pid =~ ^[0-9]+$ ]] || return 1
  [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */rerankd* ]] || return 1
  printf '%s\n' "$pid"
}

daemon_url() {
  cat "$url_file" 2>/dev/null || printf 'http://127.0.0.1:8000\n'
}
