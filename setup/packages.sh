#!/bin/sh
# packages.sh -- installs what is missing for running and testing backprobe, and
# nothing when nothing is missing.
#
#   setup/packages.sh          running and testing      (make setup)
#   setup/packages.sh dev      also the tools of make lint, asan, valgrind (make setup-dev)
#   setup/packages.sh --list   only prints the Debian packages that it would look after
#
# One row a need: what shows that it is there, and the Debian package that brings it.
# On other systems the list of what is missing is printed, with exit status 2.
set -u

NEEDS='
command pkg-config   pkg-config
module  libconfig    libconfig-dev
module  jansson      libjansson-dev
module  zlib         zlib1g-dev
module  check        check
command gnuplot      gnuplot-nox
'
DEV='
command clang        clang
command clang-format clang-format
command cppcheck     cppcheck
command shellcheck   shellcheck
command valgrind     valgrind
'
[ "${1:-}" = dev ] && NEEDS="$NEEDS$DEV"

if [ "${1:-}" = --list ]; then
    printf '%s\n' "$NEEDS" | awk 'NF == 3 { print $3 }'
    exit 0
fi

present() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    esac
}

missing() {
    printf '%s\n' "$NEEDS" | while read -r kind what package; do
        [ -n "$kind" ] && ! present "$kind" "$what" && printf '%s ' "$package"
    done
}

need=$(missing)
if [ -z "$need" ]; then
    echo "setup: nothing is missing"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this is no Debian; please install what these Debian packages hold, then run again:" >&2
    for package in $need; do echo "  $package" >&2; done
    exit 2
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "setup: missing $need; run as root: apt-get install $need" >&2
        exit 2
    fi
    as_root=sudo
fi
echo "setup: installing $need"
export DEBIAN_FRONTEND=noninteractive
# An old package list is the usual reason for a first failure: renew it and try again.
# shellcheck disable=SC2086
$as_root apt-get install -y -q --no-install-recommends $need >/dev/null 2>&1 || {
    $as_root apt-get update -q >/dev/null || exit 2
    $as_root apt-get install -y -q --no-install-recommends $need >/dev/null || exit 2
}
need=$(missing)
if [ -n "$need" ]; then
    echo "setup: still missing after the installation: $need" >&2
    exit 2
fi
echo "setup: done"
