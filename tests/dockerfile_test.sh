#!/usr/bin/env bash
# Runs the steps of deploy/Dockerfile without a container engine: each stage is a debootstrap folder, each RUN a chroot.
# The image's program then starts as the image's user, and its health check and a request are answered.
#
#   tests/dockerfile_test.sh SOURCE_DIR
#
# Takes about ten minutes and debootstrap's own mirror. Exit 77 (skipped) without root or debootstrap. Of the
# Dockerfile's language only what the file uses is understood; anything else fails the test.
# shellcheck disable=SC2016  # "$0" and "$@" are for the shell inside the chroot
set -euo pipefail
root=$(realpath "$1")
if [[ $EUID != 0 ]] || ! command -v debootstrap >/dev/null; then
  echo "SKIPPED: needs root and debootstrap"
  exit 77
fi
work=$(mktemp -d)
port=18277
server_pid=

clean_up() {
  if [[ -n $server_pid ]]; then
    kill -KILL "$server_pid" 2>/dev/null || true  # it has ended by itself where the test passed
  fi
  local stage
  for stage in "$work"/stage*; do
    umount -q "$stage/proc" || true  # stages that failed early have none
  done
  rm -rf "$work"
}
trap clean_up EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

declare -A stage_of  # the folder of each named stage
stage='' folder=/ user=0 entrypoint=() command=() healthcheck=() stages=0

in_stage() {  # COMMAND…
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    chroot "$stage" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
}

begin_stage() {  # FROM's arguments
  [[ $1 == debian:12 || $1 == debian:12-slim ]] || fail "FROM $1"
  stages=$((stages + 1))
  stage=$work/stage$stages
  folder=/
  [[ -d $work/base ]] || debootstrap --variant=minbase bookworm "$work/base" >"$work/debootstrap.log" 2>&1 ||
    fail "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
  cp -a "$work/base" "$stage"
  cp /etc/resolv.conf "$stage/etc/resolv.conf"
  mount -t proc proc "$stage/proc"
  if [[ ${2:-} == AS ]]; then
    stage_of[$3]=$stage
  fi
}

copy() {  # COPY's arguments
  if [[ $1 == --from=* ]]; then
    mkdir -p "$(dirname "$stage$3")"
    cp -a "${stage_of[${1#--from=}]}$2" "$stage$3"
  elif [[ $1 == . && $2 == . ]]; then
    git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -C "$stage$folder" -x
  else
    fail "COPY $*"
  fi
}

words_of() {  # a JSON array of strings, one a line
  jq -r '.[]' <<<"$1"
}

instruction() {  # NAME REST
  local name=$1 rest=$2
  case $name in
    FROM) read -ra words <<<"$rest" && begin_stage "${words[@]}" ;;
    RUN) in_stage /bin/sh -c "$rest" >"$work/run.log" 2>&1 || fail "RUN $rest: $(tail -n 20 "$work/run.log")" ;;
    WORKDIR) folder=$rest && mkdir -p "$stage$folder" ;;
    COPY) read -ra words <<<"$rest" && copy "${words[@]}" ;;
    USER) user=$rest ;;
    ENTRYPOINT) mapfile -t entrypoint < <(words_of "$rest") ;;
    CMD) mapfile -t command < <(words_of "$rest") ;;
    HEALTHCHECK) mapfile -t healthcheck < <(words_of "${rest#*CMD }") ;;
    EXPOSE | STOPSIGNAL) ;;
    *) fail "this test does not know $name" ;;
  esac
}

run_file() {
  local line whole=
  while IFS= read -r line || [[ -n $line ]]; do
    [[ -z $whole && ($line == '#'* || -z $line) ]] && continue
    whole+=${line%\\}
    if [[ $line != *\\ ]]; then
      echo "step: ${whole:0:100}"
      instruction "${whole%% *}" "${whole#* }"
      whole=
    fi
  done <"$root/deploy/Dockerfile"
}

run_file
env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin RERANKER_PORT=$port RERANKER_HOST=127.0.0.1 \
  chroot --userspec="$user" "$stage" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "${entrypoint[@]}" "${command[@]}" \
  >"$work/server.log" 2>&1 &
server_pid=$!
for _ in $(seq 100); do
  curl -sf "127.0.0.1:$port/ready" >/dev/null && break
  sleep 0.1
done
[[ -d /proc/$server_pid ]] || fail "it ended at once: $(tail -n 5 "$work/server.log")"
[[ $(stat -c %u "/proc/$server_pid") == "$user" ]] || fail "runs as $(stat -c %u "/proc/$server_pid"), not $user"
in_stage "${healthcheck[@]/8000/$port}" || fail "the health check: $(tail -n 5 "$work/server.log")"
curl -sf "127.0.0.1:$port/rerank" -d '{"query":"q","documents":["a","b"]}' | jq -e '.results | length == 2' >/dev/null ||
  fail "no answer"
kill -TERM "$server_pid"
wait "$server_pid" || fail "ended with $?"
server_pid=
echo "dockerfile_test: passed"
