#!/usr/bin/env bash
# clang-tidy on the sources that the last commit (or the commits since RERANKD_TIDY_BASE) changed.
#
#   scripts/clang_tidy_changed.sh BUILD-FOLDER [--all]
#
# --all looks at every source (about an hour of processor time).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(realpath "$1")
files_max=6  # keeps a test run short; a larger change is looked at with RERANKD_TIDY_BASE by hand

cd "$root"
sources=('*.cpp' ':!bench' ':!fuzz')  # those two are small programs around a library's macros
if [[ ${2:-} == --all ]]; then
  mapfile -t files < <(git ls-files -- "${sources[@]}")
else
  base=${RERANKD_TIDY_BASE:-HEAD~1}
  if ! git rev-parse -q --verify "$base^{commit}" >/dev/null; then
    echo "clang-tidy: no $base to compare with; nothing is checked"
    exit 0
  fi
  mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- "${sources[@]}" | head -n "$files_max")
fi
if ((${#files[@]} == 0)); then
  echo "clang-tidy: nothing to look at"
  exit 0
fi
printf 'clang-tidy: %s\n' "${files[@]}"
# GCC's own warning flags in compile_commands.json mean nothing to Clang.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$folder" --extra-arg=-Wno-unknown-warning-option
