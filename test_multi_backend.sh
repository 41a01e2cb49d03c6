#!/usr/bin/env bash
# Agreement of the dtypes none, bf16 and int8, and of the instruction sets of this CPU, on the built-in model and on
# MODEL (a folder or a Hub id that is in the cache).
#
#   ./test_multi_backend.sh [--no-install] [--isas best|all] [MODEL]
#
#   none on each instruction set   against the plain C++ of --isa generic: largest |dlogit| 1e-4, relative above 1
#   bf16                           against none: p99 |dlogit| 0.05, largest 0.2, top-10 overlap 95 %
#   int8                           against none: p99 |dlogit| 0.3, largest 1.0, top-10 overlap 95 %
#
# Texts are lines of prose of this project's own documents. Exit 0 when every bound holds, 1 when one is broken or a model
# cannot be scored, 2 for wrong usage. CUDA is tested where the build has it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"

usage() {
  sed -n '2,13p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

install=true
isas=all
models=(builtin)
while (($# > 0)); do
  case $1 in
    --no-install) install=false ;;
    --isas)
      [[ $# -ge 2 ]] || { usage >&2; exit 2; }
      isas=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*)
      usage >&2
      setup_say "test_multi_backend.sh: unknown argument: $1"
      exit 2
      ;;
    *) models+=("$1") ;;
  esac
  shift
done
if [[ $isas != best && $isas != all ]] || ((${#models[@]} > 2)); then
  usage >&2
  exit 2
fi

if $install; then
  install_packages build || exit 1
fi
build_preset release rerankd || exit 1
program=$root/build/release/bin/rerankd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
broken=0

quoted() {  # TEXT as a JSON string
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

# A set as `compare` takes it, of lines of plain prose: lists of 25, and for each a query that one of them answers, the
# first words of the line in the middle.
make_set() {
  local per_query=25 queries=12 number=0 line
  mkdir "$work/texts"
  grep -hE '^.{60,400}$' "$root"/README.md "$root"/docs/*.md "$root"/docs/decisions/*.md | grep -v '[`|<>{}#*]' |
    head -n $((per_query * queries)) >"$work/lines"
  awk 'NR % 25 == 13' "$work/lines" | cut -d ' ' -f 1-12 >"$work/queries"
  while IFS= read -r line; do
    printf '{"_id":"d%d","title":"","text":%s}\n' "$number" "$(quoted "$line")"
    number=$((number + 1))
  done <"$work/lines" >"$work/texts/corpus.jsonl"
  local documents=$number query=0 rank
  printf 'query-id\tcorpus-id\tscore\n' >"$work/texts/qrels.tsv"
  printf 'query-id\tcorpus-id\trank\tscore\n' >"$work/texts/bm25_top100.tsv"
  while IFS= read -r line; do
    printf '{"_id":"q%d","text":%s}\n' "$query" "$(quoted "$line")"
    printf 'q%d\td%d\t1\n' "$query" $((query * per_query % documents)) >>"$work/texts/qrels.tsv"
    for ((rank = 1; rank <= per_query; ++rank)); do
      printf 'q%d\td%d\t%d\t%d\n' "$query" $(((query * per_query + rank - 1) % documents)) "$rank" $((100 - rank)) \
        >>"$work/texts/bm25_top100.tsv"
    done
    query=$((query + 1))
  done <"$work/queries" >"$work/texts/queries.jsonl"
  while IFS= read -r line; do
    printf '{"query":"how is it set up?","document":%s}\n' "$(quoted "$line")"
  done < <(head -n 24 "$work/lines") >"$work/pairs.jsonl"
}

# none on ISA against none on generic: prints a row, fails above the bound.
check_none() {  # MODEL ISA
  "$program" score --model "$1" --isa "$2" "$work/pairs.jsonl" >"$work/logits" || return 1
  paste "$work/generic" "$work/logits" | awk -v isa="$2" '
    { split($0, part, "\"logit\":"); a = part[2] + 0; b = part[3] + 0
      size = a < 0 ? -a : a; apart = a < b ? b - a : a - b
      if (apart > most) most = apart
      if (apart > 1e-4 * (size > 1 ? size : 1)) bad = 1 }
    END { printf "  %-13s %-5s %11s %11.2e %9s  %s\n", isa, "none", "-", most, "-", bad ? "BROKEN" : "ok"; exit bad }'
}

# The rows bf16 and int8 of `compare`.
check_dtypes() {  # MODEL ISA
  "$program" compare "$work/texts" --model "$1" --isa "$2" >"$work/table" || return 1
  awk -v isa="$2" '
    $1 == "bf16" { p99_max = 0.05; most_max = 0.2 }
    $1 == "int8" { p99_max = 0.3; most_max = 1.0 }
    $1 == "bf16" || $1 == "int8" {
      overlap = $5; p99 = $7; most = $8
      broken = p99 > p99_max || most > most_max || overlap < 95
      bad = bad || broken; ++rows
      printf "  %-13s %-5s %11.4f %11.4f %7.1f %%  %s\n", isa, $1, p99, most, overlap, broken ? "BROKEN" : "ok" }
    END { exit bad || rows != 2 }' "$work/table"
}

make_set
mapfile -t found < <("$program" version | sed -n 's/.*(found: \(.*\)).*/\1/p' | tr -d ' ' | tr ',' '\n')
if [[ $isas == best ]]; then
  found=("$("$program" version | sed -n 's/^ *isa *\([a-z0-9]*\).*/\1/p')")
fi
for model in "${models[@]}"; do
  printf '%s\n  %-13s %-5s %11s %11s %9s\n' "$model" isa dtype 'p99|dlogit|' 'max|dlogit|' 'top-10'
  if ! "$program" score --model "$model" --isa generic "$work/pairs.jsonl" >"$work/generic"; then
    broken=1
    continue
  fi
  for isa in "${found[@]}"; do
    if [[ $isa != generic ]]; then
      check_none "$model" "$isa" || broken=1
    fi
    if [[ $isa != generic || $isas == best ]]; then
      check_dtypes "$model" "$isa" || broken=1
    fi
  done
done
if "$program" version | grep -q 'cuda *not in this build'; then
  echo 'CUDA is not in this build: not compared'
fi
exit $broken
