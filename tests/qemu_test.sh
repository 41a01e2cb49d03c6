#!/usr/bin/env bash
# Old CPUs, by qemu's user mode: the program starts, picks the instruction set that is there, and scores the same.
#
#   tests/qemu_test.sh RERANKD
#
# Exit 77 (skipped) where qemu-x86_64 is missing.
set -euo pipefail
rerankd=$(realpath "$1")
if ! command -v qemu-x86_64 >/dev/null; then
  echo 'qemu_test: SKIPPED, qemu-x86_64 (package qemu-user) is not there' >&2
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
printf '%s\n' '{"query":"what barks?","document":"a dog barks"}' '{"query":"what barks?","document":"a bowl of rice"}' \
  >"$work/pairs.jsonl"

check() {  # CPU ISA DTYPE
  if ! qemu-x86_64 -cpu "$1" "$rerankd" score --threads 1 --dtype "$3" "$work/pairs.jsonl" >"$work/old" 2>"$work/err"; then
    failures=$((failures + 1))
    echo "$1 $3: failed"
    tail -n 3 "$work/err"
    return
  fi
  "$rerankd" score --threads 1 --isa "$2" --dtype "$3" "$work/pairs.jsonl" >"$work/here"
  if ! cmp -s "$work/old" "$work/here"; then
    failures=$((failures + 1))
    echo "$1 $3 scores otherwise than --isa $2 does here:"
    diff "$work/old" "$work/here" | head -n 4
  fi
}

for row in 'Nehalem generic' 'Haswell avx2'; do
  read -r cpu isa <<<"$row"
  found=$(qemu-x86_64 -cpu "$cpu" "$rerankd" version 2>/dev/null | sed -n 's/^ *isa *\([a-z0-9]*\).*/\1/p')
  if [[ $found != "$isa" ]]; then
    failures=$((failures + 1))
    echo "$cpu: picks \"$found\" instead of $isa"
  fi
  for dtype in none int8; do
    check "$cpu" "$isa" "$dtype"
  done
done
echo "qemu_test: $failures failures"
[[ $failures == 0 ]]
