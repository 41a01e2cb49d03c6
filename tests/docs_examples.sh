#!/usr/bin/env bash
# Runs the examples of the documentation against a real server and compares their answers byte for byte.
#
#   tests/docs_examples.sh RERANKD FILE.md…            exit 1 when an answer differs
#   tests/docs_examples.sh --update RERANKD FILE.md…   writes the real answers into the files
#
# In a Markdown file, an example is a comment, a command block and an answer block:
#   <!-- run -->            the next ```bash block is run, its output is the block after it
#   <!-- serve A=1 B=2 -->  examples below talk to a fresh server started with these variables
# Commands say localhost:8000; the server really listens on a free port, which is put in place.
set -euo pipefail

update=false
if [[ ${1:-} == --update ]]; then
  update=true
  shift
fi
rerankd=$(realpath "$1")
shift
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server_pid=

stop_server() {
  if [[ -n $server_pid ]]; then
    kill "$server_pid" 2>/dev/null || echo "docs_examples: the server was gone already" >&2
    wait "$server_pid" 2>/dev/null || echo "docs_examples: the server ended with status $?" >&2
    server_pid=
  fi
}
trap 'stop_server; rm -rf "$work"' EXIT

# start_server VARIABLE=VALUE…: sets `port`.
start_server() {
  stop_server
  : >"$work/server.log"
  env "$@" "$rerankd" serve --host 127.0.0.1 --port 0 2>"$work/server.log" &
  server_pid=$!
  for _ in $(seq 200); do
    port=$(sed -n 's/.*listening.* port=\([0-9]*\).*/\1/p' "$work/server.log" | tail -1)
    if [[ -n $port ]] && curl -sf "localhost:$port/ready" >/dev/null; then
      return
    fi
    sleep 0.1
  done
  cat "$work/server.log" >&2
  echo "docs_examples: the server did not become ready" >&2
  exit 1
}

# Splits a file into lines "text", "run", "command", "answer", so that the loop below needs no state of its own.
# Output: one record a line: KIND, the unit separator, LINE.
classify() {
  awk '
    state == "command" { if ($0 ~ /^```/) { print "fence\037" $0; state = "between" } else print "command\037" $0; next }
    state == "between" { print "fence\037" $0; if ($0 ~ /^```/) state = "answer"; next }
    state == "answer"  { if ($0 ~ /^```/) { print "end\037" $0; state = "" } else print "answer\037" $0; next }
    /^<!-- serve.*-->$/ { print "serve\037" $0; next }
    /^<!-- run -->$/ { print "run\037" $0; state = "wait"; next }
    state == "wait" && /^```bash/ { print "fence\037" $0; state = "command"; next }
    { print "text\037" $0 }
  ' "$1"
}

failures=0
examples=0

run_example() {  # compares or records one example; the command is in $work/command, the expected answer in $work/expected
  sed "s/localhost:8000/localhost:$port/g" "$work/command" >"$work/command.sh"
  (cd "$root" && PATH="$(dirname "$rerankd"):$PATH" bash "$work/command.sh") >"$work/actual" 2>&1 ||
    echo "(exit status $?)" >>"$work/actual"
  sed -i "s/localhost:$port/localhost:8000/g" "$work/actual"
  if [[ -s $work/actual && -n $(tail -c1 "$work/actual") ]]; then
    echo >>"$work/actual"
  fi
  examples=$((examples + 1))
  if ! $update && ! diff -u "$work/expected" "$work/actual" >"$work/diff"; then
    failures=$((failures + 1))
    echo "$1: this example answers otherwise:"
    sed 's/^/  /' "$work/command" "$work/diff"
  fi
}

for file in "$@"; do
  classify "$file" >"$work/records"
  : >"$work/result"
  started=false
  while IFS=$'\x1f' read -r kind line; do
    case $kind in
      serve)
        read -ra variables <<<"$(sed 's/^<!-- serve *//; s/ *-->$//' <<<"$line")"
        start_server "${variables[@]}"
        started=true
        echo "$line" >>"$work/result"
        ;;
      run)
        if ! $started; then
          start_server RERANKD_DOCS=1
          started=true
        fi
        : >"$work/command"
        : >"$work/expected"
        echo "$line" >>"$work/result"
        ;;
      command)
        printf '%s\n' "$line" | tee -a "$work/command" >>"$work/result"
        ;;
      answer)
        printf '%s\n' "$line" >>"$work/expected"
        ;;
      end)
        run_example "$file"
        cat "$work/actual" >>"$work/result"
        printf '%s\n' "$line" >>"$work/result"
        ;;
      *)
        printf '%s\n' "$line" >>"$work/result"
        ;;
    esac
  done <"$work/records"
  if $update; then
    cp "$work/result" "$file"
  fi
done

echo "docs_examples: $examples examples, $failures differ"
[[ $failures == 0 && $examples -gt 0 ]]
