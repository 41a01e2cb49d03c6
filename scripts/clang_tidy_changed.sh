#!/usr/bin/env bash
# clang-tidy on the sources that the last commit (or the commits since RERANKD_TIDY_BASE) changed.
#
#   scripts/clang_tidy_changed.sh BUILD-FOLDER
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(realpath "$1")
files_max=6  # keeps a test run short; a larger change is looked at with RERANKD_TIDY_BASE by hand

cd "$root"
base=${RERANKD_TIDY_BASE:-HEAD~1}
if ! git rev-parse -q --verify "$base^{commit}" >/dev/null; then
  echo "clang-tidy: no $base to compare with; nothing is checked"
  exit 0
fi
mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp' ':!bench' ':!fuzz' | head -n "$files_max")
if ((${#files[@]} == 0)); then
  echo "clang-tidy: no source changed since $base"
  exit 0
fi
printf 'clang-tidy: %s\n' "${files[@]}"
# GCC's own warning flags in compile_commands.json mean nothing to Clang.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$folder" --extra-arg=-Wno-unknown-warning-option
