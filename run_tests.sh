#!/usr/bin/env bash
# From a bare machine: installs what is missing, builds, runs the tests with ctest.
#
#   ./run_tests.sh [label…] [--no-install]
#
# Without labels: the release and the dev tests (AddressSanitizer, UndefinedBehaviorSanitizer), those that need Redis
# (they start a redis-server of their own) and a soak of 60 s among them, tidy, shellcheck, and clang-tidy on what the
# last commit changed.
# Labels add the long ones:
#   redis   the tests that need Redis, again and alone
#   fleet   several servers on one Redis      soak  the long soak
#   tsan    everything under ThreadSanitizer  fuzz  five minutes of each fuzz target
#   cuda    the tests that need a GPU         all   all of these
#
# RERANKD_TEST_JOBS = tests at the same time (default: the processors).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"

usage() {
  sed -n '2,15p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
}

labels=(redis fleet soak tsan fuzz cuda)
chosen=()
install=true
for argument in "$@"; do
  case $argument in
    redis | fleet | soak | tsan | fuzz | cuda) chosen+=("$argument") ;;
    all) chosen=("${labels[@]}") ;;
    --no-install) install=false ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      setup_say "run_tests.sh: unknown label: $argument"
      exit 2
      ;;
  esac
done

jobs=${RERANKD_TEST_JOBS:-$(nproc)}
# Tests with these labels are long or need what a machine may lack; only their label runs them.
long_labels='^(fleet|soak|cuda|fuzz)$'
failed=()

step() {  # NAME COMMAND…: runs it, remembers a failure, goes on
  local name=$1
  shift
  setup_say "== $name"
  if ! "$@"; then
    failed+=("$name")
    setup_say "== $name FAILED"
  fi
}

build() {  # PRESET
  if [[ ! -e $root/build/$1/build.ninja ]]; then
    (cd "$root" && cmake --preset "$1") || return 1
  fi
  cmake --build "$root/build/$1"
}

test_preset() {  # PRESET ARGUMENTS-OF-CTEST…
  local preset=$1
  shift
  ctest --test-dir "$root/build/$preset" --output-on-failure -j "$jobs" --no-tests=error "$@"
}

lint_scripts() {
  (cd "$root" && git ls-files '*.sh' '.ci/run' | xargs shellcheck -x)
}

if $install; then
  install_packages build test || exit 1
fi

step "build release" build release
step "tests, release" test_preset release -LE "$long_labels"
step "build dev" build dev
step "tests, dev" test_preset dev -LE "$long_labels"
step "shellcheck" lint_scripts
step "clang-tidy" "$root/scripts/clang_tidy_changed.sh" "$root/build/dev"

for label in "${chosen[@]}"; do
  case $label in
    tsan)
      step "build tsan" build tsan
      step "tests, tsan" test_preset tsan -LE "$long_labels"
      ;;
    fuzz)
      step "build fuzz" build fuzz
      step "fuzz" test_preset fuzz -L fuzz
      ;;
    *)
      if ctest --test-dir "$root/build/release" -N -L "^$label\$" | grep -q 'Total Tests: 0'; then
        setup_say "== no test has the label $label in this build"
      else
        step "tests with label $label" test_preset release -L "^$label\$"
      fi
      ;;
  esac
done

if ((${#failed[@]} > 0)); then
  setup_say "FAILED: $(printf '%s; ' "${failed[@]}")"
  exit 1
fi
setup_say "All passed."
