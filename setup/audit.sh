#!/bin/sh
# audit.sh -- does "make setup" install everything that the project uses?
#
# Every header that a source includes with <...> and every module that the Makefile
# asks pkg-config for must belong to the compiler, to libc, or to a package that
# setup/packages.sh looks after. Exits 1 and names what does not. Needs dpkg; says so
# and passes where there is none.
cd "$(dirname "$0")/.." || exit 2
command -v dpkg >/dev/null 2>&1 || { echo "audit: no dpkg here, nothing compared"; exit 0; }
listed=$(sh setup/packages.sh --list | tr '\n' ' ')
status=0
known() {
    case " $listed libc6-dev gcc " in
    *" $1 "*) return 0 ;;
    esac
    case $1 in
    libgcc-*-dev | gcc-* | linux-libc-dev | clang* | libclang*) return 0 ;;
    esac
    return 1
}
headers=$(git ls-files -z 'core/*.[ch]' 'diag/*.[ch]' 'scenarios/*.[ch]' 'plots/*.[ch]' 'commands/*.[ch]' \
    'tests/*.[ch]' main.c backprobe.h ':!tests/subjects/*' | xargs -0 cat |
    sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*<\([^>]*\)>.*/\1/p' | sort -u)
count=0
for header in $headers; do
    path=$(echo "#include <$header>" | ${CC:-cc} -E -x c - 2>/dev/null | sed -n "s|^# 1 \"\(/[^\"]*/$header\)\".*|\1|p" | head -n 1)
    if [ -z "$path" ]; then
        echo "audit: <$header> is not installed"
        status=1
        continue
    fi
    owner=$(dpkg -S "$(readlink -f "$path")" 2>/dev/null | head -n 1 | cut -d: -f1)
    if ! known "$owner"; then
        echo "audit: <$header> comes from ${owner:-no package}, which make setup does not install"
        status=1
    fi
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "audit: no header was looked at"; exit 1; }
[ $status -eq 0 ] && echo "audit: $count headers, all from packages that make setup installs"
exit $status
