# Shared by the scripts at the root: packages and builds. Sourced, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # root comes from the script that sources this; it uses the rest
# Everything that is said goes to stderr.

setup_say() {
  printf '%s\n' "$*" >&2
}

# packages_of SET…: rows "NAME PROBE" of scripts/packages.txt.
packages_of() {
  local set name row_set probe
  for set in "$@"; do
    while read -r name row_set probe; do
      if [[ $name != '#'* && $row_set == "$set" ]]; then
        printf '%s %s\n' "$name" "$probe"
      fi
    done <"$root/scripts/packages.txt"
  done
}

is_debian_12() {
  [[ -r /etc/os-release ]] && grep -qx 'ID=debian' /etc/os-release &&
    grep -qx 'VERSION_ID="12"' /etc/os-release
}

is_debian_package_there() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# On a distribution that is not Debian 12: a command on PATH, or a header where compilers look.
is_probe_there() {
  command -v "$1" >/dev/null || [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]] ||
    compgen -G "/usr/include/*-linux-gnu/$1" >/dev/null
}

# install_packages SET…: installs what is missing, as root or through sudo; on another distribution it lists what it
# could not find and fails.
install_packages() {
  local name probe missing=() as_root=()
  while read -r name probe; do
    if is_debian_12; then
      is_debian_package_there "$name" || missing+=("$name")
    else
      is_probe_there "$probe" || missing+=("$name ($probe)")
    fi
  done < <(packages_of "$@")
  if [[ ${#missing[@]} == 0 ]]; then
    return 0
  fi
  if ! is_debian_12; then
    setup_say "This is not Debian 12, so nothing is installed. Not found (Debian's names; what was looked for):"
    printf '  %s\n' "${missing[@]}" >&2
    return 1
  fi
  if [[ $EUID != 0 ]]; then
    if ! command -v sudo >/dev/null; then
      setup_say "Missing packages, and neither root nor sudo: apt-get install ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  setup_say "Installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# build_preset PRESET TARGET…: configures where needed and builds. Nothing newer than the stamp of the last build of the
# same targets means nothing to do.
build_preset() {
  local preset=$1
  shift
  local folder=$root/build/$preset
  local stamp=$folder/.built-$*
  if [[ -e $stamp && -z $(find "$root/src" "$root/cmake" "$root/bench" "$root/tests" "$root/tools" "$root/CMakeLists.txt" \
    "$root/CMakePresets.json" -newer "$stamp" -print -quit) ]]; then
    return 0
  fi
  mkdir -p "$folder"
  local started=$folder/.started
  touch "$started"
  if [[ ! -e $folder/build.ninja ]]; then
    setup_say "Configuring $preset"
    (cd "$root" && cmake --preset "$preset") >"$folder/configure.log" 2>&1 || {
      cat "$folder/configure.log" >&2
      return 1
    }
  fi
  setup_say "Building $preset: $*"
  cmake --build "$folder" --target "$@" >&2 || return 1
  mv "$started" "$stamp"
}
