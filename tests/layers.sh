#!/bin/sh
# layers.sh -- the direction of dependencies: core <- diag <- { scenarios, plots } <- main.c
# Each folder may include only from the folders named for it; backprobe.h (the public
# header, which includes nothing of ours) may be included anywhere above core.
# Exits 1 and names the line when an include points upwards or sideways.
cd "${1:-.}" || exit 2
status=0
check() {
    folder=$1
    allowed=$2
    bad=$(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder" 2>/dev/null |
        grep -vE "\"($allowed)")
    if [ -n "$bad" ]; then
        echo "$folder: may include only from: $allowed"
        echo "$bad"
        status=1
    fi
}
check core 'core/'
check diag 'core/|diag/|backprobe\.h'
check scenarios 'core/|diag/|scenarios/|backprobe\.h'
check plots 'core/|diag/|plots/|backprobe\.h'
[ $status -eq 0 ] && echo "layers: every include points down"
exit $status
